using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>The normalised patches of a batch of images, a row each.</summary>
/// <param name="rows">float32 <c>[batch · patches, patch length]</c>, within a patch ordered by channel, row, column.</param>
/// <param name="batch">Number of images.</param>
internal sealed class PatchTensor(Tensor rows, long batch)
{
    /// <summary>All patches, <c>[batch, patches, patch length]</c>.</summary>
    public Tensor All => rows.view(batch, rows.shape[0] / batch, rows.shape[1]);

    /// <summary>Some patches of each image.</summary>
    /// <param name="rowNumbers">Rows, <c>[batch · count]</c>.</param>
    /// <param name="count">Patches of an image.</param>
    /// <returns><c>[batch, count, patch length]</c>.</returns>
    public Tensor Select(Tensor rowNumbers, long count) => rows.index_select(0, rowNumbers).view(batch, count, rows.shape[1]);
}

/// <summary>Which patches of each image the encoder sees and which it has to predict, on the device.</summary>
internal sealed class MaskTensors
{
    /// <summary>Checks and copies the kept patches.</summary>
    /// <param name="kept">Kept patches, ascending within an image, <c>[batch, kept]</c>.</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="patches">Patches of an image.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <exception cref="ModelException">The patches are not ascending numbers of patches, or none is left to predict.</exception>
    public MaskTensors(int[] kept, int batch, int patches, Device device)
    {
        Kept = kept.Length / batch;
        Masked = patches - Kept;
        if (Kept * batch != kept.Length || Kept < 1 || Masked < 1)
            throw new ModelException($"A mask of {kept.Length} kept patches for {batch} images of {patches} patches keeps no equal part of each; use a mask ratio between 0 and 1 that keeps at least one patch and hides one.");
        long[] keptRows = new long[kept.Length];
        long[] maskedRows = new long[Masked * batch];
        int masked = 0;
        for (int image = 0; image < batch; image++)
        {
            int next = 0;
            for (int index = image * Kept; index < (image + 1) * Kept; index++)
            {
                if (kept[index] < next || kept[index] >= patches)
                    throw new ModelException($"The kept patches of image {image} in the batch are not ascending numbers below {patches}.");
                for (; next < kept[index]; next++)
                    maskedRows[masked++] = (long)image * patches + next;
                keptRows[index] = (long)image * patches + next++;
            }
            for (; next < patches; next++)
                maskedRows[masked++] = (long)image * patches + next;
        }
        KeptRows = Indices(keptRows, device);
        MaskedRows = Indices(maskedRows, device);
        KeptPatches = Indices([.. keptRows.Select(row => row % patches)], device);
        MaskedPatches = Indices([.. maskedRows.Select(row => row % patches)], device);
    }

    /// <summary>Kept patches of an image.</summary>
    public int Kept { get; }

    /// <summary>Masked patches of an image.</summary>
    public int Masked { get; }

    /// <summary>Rows of the kept patches in a <see cref="PatchTensor"/>, int64 <c>[batch · kept]</c>.</summary>
    public Tensor KeptRows { get; }

    /// <summary>Rows of the masked patches, int64 <c>[batch · masked]</c>.</summary>
    public Tensor MaskedRows { get; }

    /// <summary>Numbers of the kept patches within their images, int64 <c>[batch · kept]</c>.</summary>
    public Tensor KeptPatches { get; }

    /// <summary>Numbers of the masked patches within their images, int64 <c>[batch · masked]</c>.</summary>
    public Tensor MaskedPatches { get; }

    private static Tensor Indices(long[] values, Device device) => Kernels.Current.ToDevice(tensor(values, ScalarType.Int64), device);
}

/// <summary>Turns RGB bytes into normalised patches on the device.</summary>
internal sealed class PatchExtractor : nn.Module
{
    /// <summary>Mean of each channel of x / 255 over ImageNet.</summary>
    public static readonly float[] ImageNetMean = [0.485f, 0.456f, 0.406f];

    /// <summary>Standard deviation of each channel of x / 255 over ImageNet.</summary>
    public static readonly float[] ImageNetStd = [0.229f, 0.224f, 0.225f];

    private readonly VitConfiguration _configuration;
    private readonly Device _device;
    private readonly Tensor _scale;
    private readonly Tensor _shift;

    /// <param name="configuration">Image and patch size.</param>
    /// <param name="mean">Mean of each channel of x / 255.</param>
    /// <param name="std">Standard deviation of each channel of x / 255.</param>
    /// <param name="device">Where the patches go.</param>
    /// <exception cref="ModelException">Mean or deviation is not given for three channels.</exception>
    public PatchExtractor(VitConfiguration configuration, IReadOnlyList<float> mean, IReadOnlyList<float> std, Device device)
        : base(nameof(PatchExtractor))
    {
        const int Channels = VitConfiguration.Channels;
        if (mean.Count != Channels || std.Count != Channels || std.Any(deviation => !(deviation > 0)))
            throw new ModelException($"The pixel mean [{string.Join(", ", mean)}] and deviation [{string.Join(", ", std)}] must have a number for each of {Channels} channels, the deviations above 0.");
        _configuration = configuration;
        _device = device;
        int pixels = configuration.PatchSize * configuration.PatchSize;
        float[] scales = [.. Enumerable.Range(0, configuration.PatchLength).Select(index => (float)(1.0 / (255.0 * std[index / pixels])))];
        float[] shifts = [.. Enumerable.Range(0, configuration.PatchLength).Select(index => (float)(-mean[index / pixels] / (double)std[index / pixels]))];
        _scale = tensor(scales, ScalarType.Float32, device);
        _shift = tensor(shifts, ScalarType.Float32, device);
        RegisterComponents();
    }

    /// <summary>Normalised patches of a batch.</summary>
    /// <param name="pixels">uint8 <c>[batch, 3, size, size]</c>.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="imageSize">Height and width in pixels.</param>
    /// <exception cref="ModelException">The images are not the model's size or not as many as said.</exception>
    public PatchTensor Extract(byte[] pixels, int count, int imageSize)
    {
        const int Channels = VitConfiguration.Channels;
        if (imageSize != _configuration.ImageSize)
            throw new ModelException($"Images of {imageSize} × {imageSize} pixels do not fit a model for {_configuration.ImageSize} × {_configuration.ImageSize}; set the data's image size to the model's.");
        if (count < 1 || pixels.Length != (long)count * Channels * imageSize * imageSize)
            throw new ModelException($"A batch of {count} images of {imageSize} × {imageSize} has {pixels.Length} bytes of pixels instead of {(long)count * Channels * imageSize * imageSize}.");
        (int size, int side) = (_configuration.PatchSize, imageSize / _configuration.PatchSize);
        Tensor images = Kernels.Current.ToDevice(tensor(pixels, ScalarType.Byte), _device);
        Tensor rows = images.view(count, Channels, side, size, side, size)
            .permute(0, 2, 4, 1, 3, 5)                                                              // [batch, rows, columns, channel, row, column]
            .reshape((long)count * _configuration.Patches, _configuration.PatchLength);
        return new PatchTensor(rows.to_type(ScalarType.Float32).mul_(_scale).add_(_shift), count);
    }

    /// <summary>Turns normalised patches back into RGB bytes.</summary>
    /// <param name="rows">float32 <c>[batch · patches, patch length]</c>.</param>
    /// <returns>uint8 <c>[batch, 3, size, size]</c>, planar.</returns>
    public byte[] Bytes(Tensor rows)
    {
        (int size, int side) = (_configuration.PatchSize, _configuration.ImageSize / _configuration.PatchSize);
        Tensor images = ((rows - _shift) / _scale).add(0.5).clamp(0, 255)
            .view(rows.shape[0] / _configuration.Patches, side, side, VitConfiguration.Channels, size, size)
            .permute(0, 3, 1, 4, 2, 5);                                                             // [batch, channel, rows, row, columns, column]
        return images.to_type(ScalarType.Byte).contiguous().cpu().data<byte>().ToArray();
    }
}
