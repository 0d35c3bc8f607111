namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// An n-dimensional array of libtorch. Freed by <see cref="Dispose()"/> or by the dispose scope it was made in; the finalizer
    /// is a backstop, since the collector does not see how much native memory stands behind a small object.
    /// </summary>
    public partial class Tensor : IDisposable
    {
        private nint _handle;

        internal Tensor(nint handle, bool register = true)
        {
            _handle = handle;
            if (register)
                DisposeScope.Current?.Add(this);
        }

        ~Tensor() => Dispose(false);

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>The tensor's place in its scope's list, so that it leaves the list in constant time.</summary>
        internal int ScopeIndex { get; set; }

        /// <summary>libtorch's <c>TensorImpl*</c>.</summary>
        public IntPtr Handle =>
            _handle != 0 ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public bool IsInvalid => _handle == 0;

        public string? name { get; set; }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual unsafe void Dispose(bool disposing)
        {
            nint handle = Interlocked.Exchange(ref _handle, 0);
            if (handle == 0)
                return;
            if (disposing)
                OwningDisposeScope?.Remove(this);
            Native.at_free(&handle, 1);
        }

        /// <summary>Gives the handle up to the scope that ends; the tensor is disposed from here on.</summary>
        internal nint LeaveScope()
        {
            OwningDisposeScope = null;
            GC.SuppressFinalize(this);
            return MoveHandle();
        }

        internal nint MoveHandle() => Interlocked.Exchange(ref _handle, 0);

        /// <summary>Puts another native tensor behind this object; what a module's move to a device does to its parameters.</summary>
        internal unsafe void ReplaceHandle(nint handle)
        {
            nint old = Interlocked.Exchange(ref _handle, handle);
            Native.at_free(&old, 1);
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        internal unsafe TensorInfo Info
        {
            get
            {
                TensorInfo info;
                Native.Check(Native.at_info(Handle, &info), "tensor");
                return info;
            }
        }

        public long Dimensions => Info.Dimensions;

        public long dim() => Dimensions;

        public long NumberOfElements => Info.Elements;

        public long numel() => NumberOfElements;

        public long ElementSize => Info.ElementSize;

        public ScalarType dtype => (ScalarType)Info.Type;

        public DeviceType device_type => (DeviceType)Info.DeviceType;

        public int device_index => Info.DeviceIndex;

        public Device device
        {
            get
            {
                TensorInfo info = Info;
                return new Device((DeviceType)info.DeviceType, info.DeviceIndex);
            }
        }

        public bool is_contiguous() => Info.IsContiguous != 0;

        public unsafe long[] shape
        {
            get
            {
                TensorInfo info = Info;
                long[] sizes = new ReadOnlySpan<long>(info.Sizes, info.Dimensions).ToArray();
                GC.KeepAlive(this);
                return sizes;
            }
        }

        public long size(int dim)
        {
            long[] sizes = shape;
            return sizes[dim < 0 ? dim + sizes.Length : dim];
        }

        public unsafe long[] stride()
        {
            TensorInfo info = Info;
            long[] strides = new ReadOnlySpan<long>(info.Strides, info.Dimensions).ToArray();
            GC.KeepAlive(this);
            return strides;
        }

        public bool requires_grad
        {
            get => Info.RequiresGrad != 0;
            set
            {
                Native.Check(Native.at_set_requires_grad(Handle, value ? 1 : 0), nameof(requires_grad));
                GC.KeepAlive(this);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true) => with_requires_grad(requires_grad);

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public override string ToString() => IsInvalid ? "[disposed]" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
    }
}
