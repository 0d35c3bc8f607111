namespace TorchSharp;

/// <summary>The library that multiplies libtorch's matrices.</summary>
internal static class Blas
{
    /// <summary>OpenBLAS' version and the processor that it takes this one for; "BLAS of libtorch" where libtorch brings its own.</summary>
    internal static string Name { get; } =
        Native.TextOf("openblas_get_config") is { } words && Native.TextOf("openblas_get_corename") is { } core
            ? $"{string.Join(' ', words.Split(' ').Take(2))} {core}"
            : "BLAS of libtorch";
}
