namespace ActorTrain.DataPipeline.Images;

/// <summary>Random crop with zero padding and horizontal flip of planes [3, size, size], fixed by (seed, epoch, sample).</summary>
internal static class Augmentation
{
    public static void Apply(ReadOnlySpan<byte> source, Span<byte> target, int size, int padding, bool flip, ulong seed, long epoch, long sample)
    {
        int shiftX = 0, shiftY = 0;
        if (padding > 0)
        {
            var crop = new CounterRandom(seed, RandomPurpose.Crop, epoch, sample);
            shiftX = crop.Next((2 * padding) + 1) - padding;
            shiftY = crop.Next((2 * padding) + 1) - padding;
        }
        bool mirrored = flip && new CounterRandom(seed, RandomPurpose.Flip, epoch, sample).Next(2) == 1;
        for (int row = 0; row < 3 * size; row++)
        {
            int y = (row % size) + shiftY;
            var to = target.Slice(row * size, size);
            if (y < 0 || y >= size)
            {
                to.Clear();
                continue;
            }
            var from = source.Slice(((row / size * size) + y) * size, size);
            for (int x = 0; x < size; x++)
            {
                int fromX = (mirrored ? size - 1 - x : x) + shiftX;
                to[x] = fromX >= 0 && fromX < size ? from[fromX] : (byte)0;
            }
        }
    }
}
