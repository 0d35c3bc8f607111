using ActorTrain.DataPipeline.Images;

namespace ActorTrain.DataPipeline;

/// <summary>
/// Small image data sets made from nothing, for trying the program out: six textures, in a source domain and in a target domain
/// that looks clearly different. The same options give the same bytes.
/// </summary>
public static class SyntheticImages
{
    /// <summary>The classes, in label order.</summary>
    public static IReadOnlyList<string> ClassNames { get; } = ["checks", "diagonals", "dots", "horizontals", "rings", "verticals"];

    /// <summary>Writes PNG files into a folder per class. The folder appears only when it is complete.</summary>
    /// <exception cref="DataException">The folder exists already or cannot be written.</exception>
    public static void Write(string folder, SyntheticOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Images, ClassNames.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 8);
        NativeLibraries.Require();
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)), partial = target + ".partial";
        if (Path.Exists(target))
            throw new DataException($"{target} exists already; name another folder or remove it.");
        try
        {
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
            foreach (string name in ClassNames)
                Directory.CreateDirectory(Path.Combine(partial, name));
            Parallel.For(0, options.Images, image =>
            {
                int label = image % ClassNames.Count;
                byte[] pixels = Render(options, label, image);
                File.WriteAllBytes(
                    Path.Combine(partial, ClassNames[label], $"{image:D6}.png"), PngWriter.Encode(pixels, options.Size, options.Size));
            });
            Directory.Move(partial, target);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the images could not be written to {target} ({error.Message}); check its permissions and the free space.", error);
        }
        catch (AggregateException errors) when (errors.InnerException is IOException or UnauthorizedAccessException)
        {
            throw new DataException(
                $"the images could not be written to {target} ({errors.InnerException.Message}); check its permissions and the free space.", errors);
        }
    }

    /// <summary>One image as interleaved RGB [size, size, 3].</summary>
    private static byte[] Render(SyntheticOptions options, int label, int image)
    {
        var random = new CounterRandom(options.Seed, RandomPurpose.Synthesis, (long)options.Domain, image);
        var texture = Texture.Draw(ref random);
        var painter = Painter.Draw(options.Domain, ref random);
        var pixels = new byte[options.Size * options.Size * 3];
        double pixel = 2.0 / options.Size;
        for (int y = 0; y < options.Size; y++)
        {
            for (int x = 0; x < options.Size; x++)
            {
                // [-1, 1] over the image.
                double u = ((x + 0.5) * pixel) - 1, v = ((y + 0.5) * pixel) - 1;
                painter.Paint(u, v, texture.At(label, u, v), ref random, pixels.AsSpan(((y * options.Size) + x) * 3, 3));
            }
        }
        return pixels;
    }
}
