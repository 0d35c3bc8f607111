using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>The tags of native/dispatch.cpp.</summary>
internal enum ArgumentKind
{
    None,
    Tensor,
    Int,
    Double,
    Bool,
    IntList,
    TensorList,
    Device,
}

/// <summary>One argument of an operator: a number, or a reference that <see cref="Op"/> lays out for native code.</summary>
internal readonly struct Argument
{
    private Argument(ArgumentKind kind, object? reference, long bits)
    {
        Kind = kind;
        Reference = reference;
        Bits = bits;
    }

    internal readonly ArgumentKind Kind;
    internal readonly object? Reference;
    internal readonly long Bits;

    public static implicit operator Argument(Tensor? value) => value is null ? default : new(ArgumentKind.Tensor, value, value.Handle);

    public static implicit operator Argument(int value) => new(ArgumentKind.Int, null, value);

    public static implicit operator Argument(long value) => new(ArgumentKind.Int, null, value);

    public static implicit operator Argument(double value) => new(ArgumentKind.Double, null, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Argument(bool value) => new(ArgumentKind.Bool, null, value ? 1 : 0);

    public static implicit operator Argument(Scalar? value) => value is null ? default : new(value.Kind, null, value.Bits);

    public static implicit operator Argument(ScalarType value) => (int)value;

    public static implicit operator Argument(ScalarType? value) => value is ScalarType known ? (int)known : default(Argument);

    public static implicit operator Argument(Device? value) =>
        value is null ? default : new(ArgumentKind.Device, null, ((long)value.type << 32) | (uint)value.index);

    public static implicit operator Argument(long[]? value) => value is null ? default : new(ArgumentKind.IntList, value, 0);

    public static implicit operator Argument(Tensor[]? value) => value is null ? default : new(ArgumentKind.TensorList, value, 0);
}

/// <summary>
/// An operator of libtorch's dispatcher, called by name. Missing trailing arguments take the schema's defaults and whole
/// numbers become floating-point where the schema says so, hence one line suffices for most operators:
/// <code>new Op("aten::add", "Tensor").Call(left, right)</code>
/// A failing call throws <see cref="ExternalException"/> with the operator's name and libtorch's own sentence.
/// </summary>
internal sealed unsafe class Op(string name, string overload = "")
{
    private nint _handle;

    private nint Handle => _handle != 0 ? _handle : Find();

    /// <summary>Calls an operator that returns one tensor.</summary>
    internal Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return new Tensor((nint)result.Bits);
    }

    /// <summary>Calls an operator for its effect on its arguments; what it returns is dropped.</summary>
    internal void CallInPlace(params ReadOnlySpan<Argument> arguments) => Invoke(arguments, null, 0);

    /// <summary>Calls an operator that returns several tensors, or one list of tensors. An undefined tensor is null.</summary>
    internal Tensor?[] CallMany(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue* results = stackalloc NativeValue[8];
        int count = Invoke(arguments, results, 8);
        if (count == 1 && results[0].Kind == ArgumentKind.TensorList)
            return Wrap((nint*)results[0].Bits, results[0].Count);
        var tensors = new Tensor?[count];
        for (int i = 0; i < count; i++)
            tensors[i] = results[i].Bits == 0 ? null : new Tensor((nint)results[i].Bits);
        return tensors;
    }

    /// <summary>Calls an operator that returns a number.</summary>
    internal Scalar CallScalar(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        Invoke(arguments, &result, 1);
        return new Scalar(result.Kind, result.Bits);
    }

    internal static Tensor?[] Wrap(nint* handles, int count)
    {
        var tensors = new Tensor?[count];
        for (int i = 0; i < count; i++)
            tensors[i] = handles[i] == 0 ? null : new Tensor(handles[i]);
        return tensors;
    }

    private nint Find()
    {
        _handle = Native.at_find(name, overload);
        return _handle != 0 ? _handle : throw Native.Failure(name);
    }

    private int Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results, int capacity)
    {
        NativeValue* values = stackalloc NativeValue[arguments.Length];
        int listed = 0;
        for (int i = 0; i < arguments.Length; i++)
            listed += Words(arguments[i]);
        // Lists are copied behind one another: to the stack while they are short, as sizes and dimensions are.
        long[]? rented = listed > 128 ? new long[listed] : null;
        long* onStack = stackalloc long[rented is null ? listed : 0];
        int count;
        fixed (long* onHeap = rented)
        {
            long* free = rented is null ? onStack : onHeap;
            for (int i = 0; i < arguments.Length; i++)
                values[i] = LayOut(arguments[i], ref free);
            count = Native.at_call(Handle, values, arguments.Length, results, capacity);
        }
        // The tensors' finalizers must not run before the call has returned.
        foreach (ref readonly Argument argument in arguments)
            GC.KeepAlive(argument.Reference);
        Native.Check(count, name);
        return count;
    }

    private static int Words(in Argument argument) => argument.Reference switch
    {
        long[] integers => integers.Length,
        Tensor[] tensors => tensors.Length,
        _ => 0,
    };

    private static NativeValue LayOut(in Argument argument, ref long* free)
    {
        var value = new NativeValue { Kind = argument.Kind, Bits = argument.Bits };
        switch (argument.Reference)
        {
            case long[] integers:
                integers.AsSpan().CopyTo(new Span<long>(free, integers.Length));
                value.Count = integers.Length;
                break;
            case Tensor?[] tensors:
                for (int i = 0; i < tensors.Length; i++)
                    free[i] = tensors[i]?.Handle ?? 0;
                value.Count = tensors.Length;
                break;
            default:
                return value;
        }
        value.Bits = (long)free;
        free += Words(argument);
        return value;
    }
}
