using System.Runtime.InteropServices;

namespace ActorTrain.Actors.Compute;

/// <summary>Targets as they travel.</summary>
internal static class TargetEncoding
{
    public static byte[] Encode(ReadOnlySpan<float> values, TargetPrecision precision)
    {
        if (precision == TargetPrecision.Fp32)
            return MemoryMarshal.AsBytes(values).ToArray();
        var bytes = new byte[values.Length * sizeof(ushort)];
        var rounded = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
        for (int i = 0; i < values.Length; i++)
            rounded[i] = precision == TargetPrecision.Fp16 ? BitConverter.HalfToUInt16Bits((Half)values[i]) : Bfloat16(values[i]);
        return bytes;
    }

    public static float[] Decode(ReadOnlySpan<byte> bytes, TargetPrecision precision)
    {
        if (precision == TargetPrecision.Fp32)
            return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        var rounded = MemoryMarshal.Cast<byte, ushort>(bytes);
        var values = new float[rounded.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = precision == TargetPrecision.Fp16 ? (float)BitConverter.UInt16BitsToHalf(rounded[i]) : BitConverter.UInt32BitsToSingle((uint)rounded[i] << 16);
        return values;
    }

    /// <summary>Rounds to the nearest, ties to even; not a number stays one.</summary>
    private static ushort Bfloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }
}
