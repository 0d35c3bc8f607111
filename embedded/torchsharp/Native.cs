using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>What a tensor is; <c>at_info</c> in native/dispatch.cpp. The pointers live as long as the tensor.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TensorInfo
{
    public long* Sizes;
    public long* Strides;
    public void* Data;
    public long Elements;
    public int Dimensions;
    public int Type;
    public int DeviceType;
    public int DeviceIndex;
    public int RequiresGrad;
    public int IsLeaf;
    public int IsContiguous;
    public int ElementSize;
}

/// <summary>One argument or result of an operator as native code sees it: 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeValue
{
    public ArgumentKind Kind;
    public int Count;
    public long Bits;
}

/// <summary>The exports of native/dispatch.cpp, and where that library is found.</summary>
internal static unsafe partial class Native
{
    private const string Library = "actortrain_torch";

    static Native()
    {
        ProcessEnvironment.Prepare();
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
    }

    [LibraryImport(Library)]
    private static partial byte* at_error();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint at_find(string name, string overload);

    [LibraryImport(Library)]
    internal static partial int at_call(nint op, NativeValue* arguments, int count, NativeValue* results, int capacity);

    [LibraryImport(Library)]
    internal static partial int at_info(nint tensor, TensorInfo* info);

    [LibraryImport(Library)]
    internal static partial void at_free(nint* tensors, long count);

    [LibraryImport(Library)]
    internal static partial int at_set_requires_grad(nint tensor, int value);

    [LibraryImport(Library)]
    internal static partial int at_gradients(
        nint* outputs, long outputCount, nint* inputs, long inputCount, nint* gradients, long gradientCount,
        int retainGraph, int createGraph, int allowUnused, nint* results);

    [LibraryImport(Library)]
    internal static partial int at_grad_enabled();

    [LibraryImport(Library)]
    internal static partial void at_set_grad_enabled(int enabled);

    [LibraryImport(Library)]
    internal static partial int at_enter_autocast(int deviceType, int dtype);

    [LibraryImport(Library)]
    internal static partial int at_leave_autocast(int deviceType, int outerDtype);

    [LibraryImport(Library)]
    internal static partial void at_set_threads(int threads);

    [LibraryImport(Library)]
    internal static partial int at_threads();

    [LibraryImport(Library)]
    internal static partial int at_manual_seed(long seed);

    [LibraryImport(Library)]
    internal static partial int at_cuda_devices();

    [LibraryImport(Library)]
    internal static partial int at_cuda_synchronize(int index);

    [LibraryImport(Library)]
    internal static partial int at_copy_aside(nint host, int deviceIndex, nint* result);

    [LibraryImport(Library)]
    internal static partial byte* at_version();

    /// <summary>Calls a function without arguments, of a library that libtorch needs, which gives a text; null where there is no such function.</summary>
    internal static string? TextOf(string function) =>
        NativeLibrary.TryGetExport(Resolve(Library, typeof(Native).Assembly, null), function, out nint address)
            ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)address)())
            : null;

    /// <summary>Throws what the last failing call of this thread left behind.</summary>
    internal static void Check(int result, string what)
    {
        if (result < 0)
            throw Failure(what);
    }

    internal static ExternalException Failure(string what)
    {
        string message = Marshal.PtrToStringUTF8((nint)at_error()) ?? "";
        return new ExternalException(message.StartsWith(what, StringComparison.Ordinal) ? message : $"{what}: {message}");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Library)
            return 0;
        string file = $"lib{Library}.so";
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_NATIVE") is { Length: > 0 } named)
        {
            string path = Directory.Exists(named) ? Path.Combine(named, file) : named;
            return File.Exists(path) ? Load(path) : throw new DllNotFoundException($"ACTORTRAIN_NATIVE names {path}, which does not exist.");
        }
        return Candidates(file).FirstOrDefault(File.Exists) is string found
            ? Load(found)
            : throw new DllNotFoundException(
                $"{file} was not found next to the program nor in artifacts/native above it; build it with "
                + "`cmake -S embedded/torchsharp/native -B artifacts/native && cmake --build artifacts/native`, "
                + "or name it in ACTORTRAIN_NATIVE.");
    }

    private static nint Load(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException exception)
        {
            throw new DllNotFoundException(
                $"{path} could not be loaded ({exception.Message.ReplaceLineEndings(" ").Trim()}); "
                + "build it again against the libtorch of this machine.");
        }
    }

    private static IEnumerable<string> Candidates(string file)
    {
        yield return Path.Combine(AppContext.BaseDirectory, file);
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            yield return Path.Combine(folder, "artifacts", "native", file);
    }
}
