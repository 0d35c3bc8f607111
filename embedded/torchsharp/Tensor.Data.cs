using System.Collections;

namespace TorchSharp
{
    public static partial class torch
    {
        public partial class Tensor
        {
            private static readonly Op Item = new("aten::item");

            /// <summary>The elements of a contiguous tensor in host memory, as bytes. Valid while the tensor lives.</summary>
            public unsafe Span<byte> bytes
            {
                get
                {
                    TensorInfo info = Info;
                    if (info.IsContiguous == 0)
                        throw new InvalidOperationException("Bytes() called on non-contiguous tensor.");
                    long length = info.Elements * info.ElementSize;
                    if (length > int.MaxValue)
                        throw new ArgumentException("Span only supports up to int.MaxValue elements.");
                    RequireHost(info);
                    return new Span<byte>(info.Data, (int)length);
                }

                set
                {
                    Span<byte> own = bytes;
                    if (own.Length != value.Length)
                        throw new ArgumentException("Mismatched data sizes in SetBytes().");
                    value.CopyTo(own);
                }
            }

            public Utils.TensorAccessor<T> data<T>()
                where T : unmanaged
            {
                ValidateType(typeof(T));
                return new Utils.TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
            }

            public T item<T>()
                where T : unmanaged
            {
                if (NumberOfElements != 1)
                    throw new ArgumentException("Number of elements in the tensor must be 1");
                return data<T>()[0];
            }

            public Scalar ToScalar() => Item.CallScalar(this);

            internal static void RequireHost(in TensorInfo info)
            {
                if (info.DeviceType != (int)DeviceType.CPU)
                {
                    throw new InvalidOperationException(
                        "Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
                }
            }

            private void ValidateType(Type type)
            {
                ScalarType own = dtype;
                if (own != ScalarTypeOf(type) && own != ScalarType.BFloat16)
                    throw new ArgumentException($"{type.Name} is not compatible with {own}");
            }
        }

        internal static ScalarType ScalarTypeOf(Type type) => Type.GetTypeCode(type) switch
        {
            TypeCode.Byte => ScalarType.Byte,
            TypeCode.SByte => ScalarType.Int8,
            TypeCode.Int16 => ScalarType.Int16,
            TypeCode.Int32 => ScalarType.Int32,
            TypeCode.Int64 => ScalarType.Int64,
            TypeCode.Single => ScalarType.Float32,
            TypeCode.Double => ScalarType.Float64,
            TypeCode.Boolean => ScalarType.Bool,
            _ => throw new NotSupportedException($"no tensor has elements of type {type.Name}"),
        };
    }

    public static class TensorExtensionMethods
    {
        public static float ToSingle(this torch.Tensor value) => value.ToScalar().ToSingle();

        public static double ToDouble(this torch.Tensor value) => value.ToScalar().ToDouble();

        public static int ToInt32(this torch.Tensor value) => value.ToScalar().ToInt32();

        public static long ToInt64(this torch.Tensor value) => value.ToScalar().ToInt64();

        public static bool ToBoolean(this torch.Tensor value) => value.ToScalar().ToBoolean();
    }
}

namespace TorchSharp.Utils
{
    /// <summary>The elements of a tensor in host memory, in row-major order whatever its strides.</summary>
    public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T>
        where T : unmanaged
    {
        private readonly torch.Tensor _tensor;
        private readonly T* _data;
        private readonly bool _contiguous;
        private readonly long[] _shape;
        private readonly long[] _strides;

        internal TensorAccessor(torch.Tensor tensor)
        {
            TensorInfo info = tensor.Info;
            torch.Tensor.RequireHost(info);
            _tensor = tensor;
            _data = (T*)info.Data;
            _contiguous = info.IsContiguous != 0;
            _shape = tensor.shape;
            _strides = tensor.stride();
            Count = info.Elements;
        }

        public long Count { get; }

        public bool IsReadOnly => false;

        public T this[params long[] indices]
        {
            get => _data[Offset(indices)];
            set => _data[Offset(indices)] = value;
        }

        public T[] ToArray()
        {
            var result = new T[Count];
            CopyTo(result.AsSpan());
            return result;
        }

        public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

        public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
        {
            int count = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
            if (_contiguous)
            {
                new ReadOnlySpan<T>(_data + tensorIndex, count).CopyTo(array[arrayIndex..]);
                GC.KeepAlive(_tensor);
                return;
            }
            for (int i = 0; i < count; i++)
                array[arrayIndex + i] = _data[Offset(tensorIndex + i)];
            GC.KeepAlive(_tensor);
        }

        public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
            CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

        public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
        {
            int count = (int)Math.Min(array.Length - arrayIndex, Count - tensorIndex);
            if (_contiguous)
            {
                array.Slice(arrayIndex, count).CopyTo(new Span<T>(_data + tensorIndex, count));
                GC.KeepAlive(_tensor);
                return;
            }
            for (int i = 0; i < count; i++)
                _data[Offset(tensorIndex + i)] = array[arrayIndex + i];
            GC.KeepAlive(_tensor);
        }

        public IEnumerator<T> GetEnumerator()
        {
            for (long i = 0; i < Count; i++)
                yield return this[i];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        /// <summary>The tensor stays its owner's; nothing else is held.</summary>
        public void Dispose()
        {
        }

        private long Offset(long[] indices)
        {
            if (indices.Length == 1)
                return Offset(indices[0]);
            long offset = 0;
            for (int i = 0; i < _shape.Length; i++)
            {
                if (indices[i] < 0 || indices[i] >= _shape[i])
                    throw new IndexOutOfRangeException($"{indices[i]} >= {_shape[i]} in dimension {i}.");
                offset += indices[i] * _strides[i];
            }
            return offset;
        }

        private long Offset(long index)
        {
            if (index < 0 || index >= Count)
                throw new IndexOutOfRangeException($"{index} in a tensor of {Count} elements.");
            if (_contiguous)
                return index;
            long offset = 0;
            for (int i = _shape.Length - 1; i >= 0; i--)
            {
                (index, long along) = Math.DivRem(index, _shape[i]);
                offset += along * _strides[i];
            }
            return offset;
        }
    }
}
