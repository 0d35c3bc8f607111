namespace ActorTrain.Model.Tests;

/// <summary>A small model and batches for it: what a test of students needs to run for images and for texts.</summary>
/// <param name="Folder">The model.</param>
/// <param name="Batch">A batch of four samples, everything about it a function of the seed, with labels and CLS targets.</param>
internal sealed record Subject(string Folder, Func<int, StudentBatch> Batch)
{
    /// <summary>Samples of a batch.</summary>
    public const int Count = 4;

    private const int Width = 16;
    private static readonly int[] Labels = [0, 1, 2, 0];

    public static Subject Images { get; } = new(Golden.ModelFolder, ImageBatch);

    public static Subject Texts { get; } = new(GoldenText.ModelFolder, TextBatch);

    /// <summary>For theories, whose data have to be plain.</summary>
    public static Subject Of(string name) => name == "images" ? Images : Texts;

    private static StudentBatch ImageBatch(int seed)
    {
        Random random = new(seed);
        byte[] pixels = new byte[Count * 3 * 256];
        random.NextBytes(pixels);
        int[] kept = [.. Enumerable.Range(0, Count).SelectMany(_ => Enumerable.Range(0, 16).OrderBy(_ => random.Next()).Take(4).Order())];
        return new StudentBatch(new ImageInput(pixels, Count, 16, kept), Labels, Targets(random));
    }

    private static StudentBatch TextBatch(int seed)
    {
        const int begin = 0, end = 2, mask = 39;
        Random random = new(seed);
        List<int> tokens = [], lengths = [], positions = [];
        for (int sequence = 0; sequence < Count; sequence++)
        {
            int length = random.Next(4, 15), first = tokens.Count;
            tokens.AddRange([begin, .. Enumerable.Range(0, length - 2).Select(_ => random.Next(4, mask)), end]);
            lengths.Add(length);
            positions.AddRange(Enumerable.Range(first + 1, length - 2).OrderBy(_ => random.Next()).Take(random.Next(1, 3)).Order());
        }
        TextInput input = new([.. tokens], [.. lengths], [.. positions], [.. Enumerable.Repeat(mask, positions.Count)]);
        return new StudentBatch(input, Labels, Targets(random));
    }

    private static float[] Targets(Random random) => [.. Enumerable.Range(0, Count * Width).Select(_ => random.NextSingle())];
}
