namespace ActorTrain.DataPipeline.Images;

/// <summary>
/// Antialiased bilinear resize in Pillow's arithmetic (Resample.c): a triangle filter as wide as the reduction, weights in 22-bit
/// fixed point, first along rows and then along columns with rounding to a byte in between. Equal to Pillow's result bit by bit.
/// </summary>
internal static class Resampling
{
    private const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Resizes to size × size and writes it as planes [3, size, size].</summary>
    public static void ToPlanes(RgbImage image, int size, Span<byte> planes)
    {
        byte[] rows = image.Width == size ? image.Pixels : ResizeRows(image, size);
        if (image.Height == size)
        {
            Deinterleave(rows, planes);
            return;
        }
        ResizeColumnsToPlanes(rows, image.Height, size, planes);
    }

    private static byte[] ResizeRows(RgbImage image, int size)
    {
        var filter = Filter.Create(image.Width, size);
        var result = new byte[image.Height * size * 3];
        for (int y = 0; y < image.Height; y++)
        {
            var source = image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3);
            var target = result.AsSpan(y * size * 3, size * 3);
            for (int x = 0; x < size; x++)
            {
                int red = 1 << (PrecisionBits - 1), green = red, blue = red;
                var weights = filter.WeightsOf(x);
                var taps = source[(filter.Starts[x] * 3)..];
                for (int tap = 0; tap < weights.Length; tap++)
                {
                    int weight = weights[tap];
                    red += taps[tap * 3] * weight;
                    green += taps[(tap * 3) + 1] * weight;
                    blue += taps[(tap * 3) + 2] * weight;
                }
                target[x * 3] = ToByte(red);
                target[(x * 3) + 1] = ToByte(green);
                target[(x * 3) + 2] = ToByte(blue);
            }
        }
        return result;
    }

    private static void ResizeColumnsToPlanes(byte[] rows, int height, int size, Span<byte> planes)
    {
        var filter = Filter.Create(height, size);
        int stride = size * 3;
        var sums = new int[stride];
        for (int y = 0; y < size; y++)
        {
            Array.Fill(sums, 1 << (PrecisionBits - 1));
            var weights = filter.WeightsOf(y);
            for (int tap = 0; tap < weights.Length; tap++)
            {
                int weight = weights[tap];
                var row = rows.AsSpan((filter.Starts[y] + tap) * stride, stride);
                for (int i = 0; i < row.Length; i++)
                    sums[i] += row[i] * weight;
            }
            for (int i = 0; i < stride; i++)
                planes[(i % 3 * size * size) + (y * size) + (i / 3)] = ToByte(sums[i]);
        }
    }

    private static void Deinterleave(byte[] rgb, Span<byte> planes)
    {
        int plane = rgb.Length / 3;
        for (int i = 0; i < plane; i++)
        {
            planes[i] = rgb[i * 3];
            planes[plane + i] = rgb[(i * 3) + 1];
            planes[(2 * plane) + i] = rgb[(i * 3) + 2];
        }
    }

    private static byte ToByte(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    /// <summary>For every target position the source positions that it covers and their weights.</summary>
    private sealed record Filter(int[] Starts, int[] Counts, int[] Weights, int Width)
    {
        public ReadOnlySpan<int> WeightsOf(int target) => Weights.AsSpan(target * Width, Counts[target]);

        public static Filter Create(int from, int to)
        {
            double scale = (double)from / to, support = Math.Max(scale, 1);
            int width = ((int)Math.Ceiling(support) * 2) + 1;
            var filter = new Filter(new int[to], new int[to], new int[to * width], width);
            var exact = new double[width];
            for (int target = 0; target < to; target++)
            {
                double center = (target + 0.5) * scale, total = 0;
                int start = Math.Max(0, (int)(center - support + 0.5));
                int count = Math.Min(from, (int)(center + support + 0.5)) - start;
                for (int tap = 0; tap < count; tap++)
                {
                    exact[tap] = Math.Max(0, 1 - Math.Abs((start + tap - center + 0.5) * (1 / support)));
                    total += exact[tap];
                }
                for (int tap = 0; tap < count; tap++)
                    filter.Weights[(target * width) + tap] = (int)(0.5 + (exact[tap] / total * (1 << PrecisionBits)));
                filter.Starts[target] = start;
                filter.Counts[target] = count;
            }
            return filter;
        }
    }
}
