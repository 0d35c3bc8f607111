using System.Text;
using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Progress;
using ActorTrain.Model;

namespace ActorTrain.Host.Report;

/// <summary>A row of pictures.</summary>
/// <param name="Name">What they show.</param>
/// <param name="Pictures">PNG files.</param>
internal sealed record PictureRow(string Name, IReadOnlyList<byte[]> Pictures);

/// <summary>Test images, what the encoder sees of them, and what the run's models make of the rest.</summary>
internal static class SamplePictures
{
    /// <summary>Pictures in a row.</summary>
    private const int Columns = 8;

    /// <summary>Brightness of a hidden patch.</summary>
    private const byte Hidden = 128;

    /// <summary>Paints the rows; empty without a model or without images.</summary>
    /// <param name="models">The models, each a ViT-MAE.</param>
    /// <param name="data">Where the images come from; null for the first model's training set.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The images cannot be read.</exception>
    /// <exception cref="ModelException">A model cannot be read.</exception>
    public static async Task<IReadOnlyList<PictureRow>> PaintAsync(IReadOnlyList<SampleModel> models, DataPlan? data, CancellationToken cancel)
    {
        if (models.Count == 0)
            return [];
        StagePlan stage = models[0].Stage;
        var shape = (VitConfiguration)ModelFolder.ReadConfiguration(models[0].Folder);
        (byte[] pixels, int count) = await ReadAsync(data ?? stage.Train!, cancel);
        int keptCount = PatchMask.KeptCount(shape.Patches, stage.MaskRatio);
        var kept = new int[count * keptCount];
        for (int image = 0; image < count; image++)
            PatchMask.Keep(stage.Seed, epoch: 0, image, shape.Patches, kept.AsSpan(image * keptCount, keptCount));

        List<PictureRow> rows =
        [
            new(data is null ? "image" : "test image", Encode(pixels, count, shape.ImageSize)),
            new("seen by the encoder", Encode(Masked(pixels, kept, keptCount, count, shape), count, shape.ImageSize)),
        ];
        foreach (SampleModel model in models)
        {
            byte[] painted = Reconstruction.Paint(model.Folder, pixels, count, shape.ImageSize, kept, model.Stage.PixelMean, model.Stage.PixelStd, model.Stage.Threads);
            rows.Add(new PictureRow(model.Name, Encode(painted, count, shape.ImageSize)));
        }
        return rows;
    }

    /// <summary>The rows as a section of the report; empty without any.</summary>
    public static string Section(IReadOnlyList<PictureRow> rows) => rows.Count == 0 ? "" : $"<h2>What the models reconstruct</h2>\n{Grid(rows)}{Explanation}";

    /// <summary>What the pictures show.</summary>
    public const string Explanation = "<p class=\"soft\">Hidden patches are filled in by the decoder from the seen ones. A model trained on normalised patches takes their brightness and contrast from the original.</p>\n";

    /// <summary>The rows by themselves.</summary>
    public static string Grid(IReadOnlyList<PictureRow> rows)
    {
        var html = new StringBuilder("<div class=\"samples\">\n");
        foreach (PictureRow row in rows)
        {
            html.Append($"<div>{Svg.Escape(row.Name)}</div>");
            for (int column = 0; column < row.Pictures.Count; column++)
                html.Append($"<img class=\"{(column < 4 ? "early" : "late")}\" alt=\"{Svg.Escape(row.Name)} {column + 1}\" src=\"data:image/png;base64,{Convert.ToBase64String(row.Pictures[column])}\"/>");
            html.Append('\n');
        }
        return html.Append("</div>\n").ToString();
    }

    /// <summary>Images spread evenly over the data set, so that every class has its share.</summary>
    private static async Task<(byte[] Pixels, int Count)> ReadAsync(DataPlan data, CancellationToken cancel)
    {
        await using ISampleSource source = await OpeningDisplay.ShowAsync(data.ToSourceOptions(), shown => SampleSources.OpenAsync(shown, cancel));
        await using var loader = new ImageLoader(source, new ImageOptions { Size = data.ImageSize, SkipBroken = data.SkipBroken }, 0, new SampleOrder(source.Count, 0));
        int count = (int)Math.Min(Columns, source.Count);
        var pixels = new List<byte>();
        for (int image = 0; image < count; image++)
            pixels.AddRange((await loader.LoadConsecutiveAsync((2 * image + 1) * source.Count / (2 * count), 1, cancel)).Pixels);
        return ([.. pixels], count);
    }

    /// <summary>The images with every hidden patch grey; <c>[count, 3, size, size]</c>.</summary>
    private static byte[] Masked(byte[] pixels, int[] kept, int keptCount, int count, VitConfiguration shape)
    {
        var masked = new byte[pixels.Length];
        Array.Fill(masked, Hidden);
        int size = shape.ImageSize, perRow = size / shape.PatchSize;
        for (int image = 0; image < count; image++)
        {
            foreach (int patch in kept.AsSpan(image * keptCount, keptCount))
            {
                int left = patch % perRow * shape.PatchSize, top = patch / perRow * shape.PatchSize;
                for (int channel = 0; channel < VitConfiguration.Channels; channel++)
                {
                    for (int y = top; y < top + shape.PatchSize; y++)
                    {
                        int start = ((image * VitConfiguration.Channels + channel) * size + y) * size + left;
                        pixels.AsSpan(start, shape.PatchSize).CopyTo(masked.AsSpan(start));
                    }
                }
            }
        }
        return masked;
    }

    private static List<byte[]> Encode(byte[] planes, int count, int size)
    {
        var pictures = new List<byte[]>();
        int area = size * size;
        for (int image = 0; image < count; image++)
        {
            var interleaved = new byte[area * 3];
            for (int pixel = 0; pixel < area; pixel++)
            {
                for (int channel = 0; channel < 3; channel++)
                    interleaved[pixel * 3 + channel] = planes[(image * 3 + channel) * area + pixel];
            }
            pictures.Add(PngWriter.Encode(interleaved, size, size));
        }
        return pictures;
    }
}
