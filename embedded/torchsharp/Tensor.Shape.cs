namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private static readonly Op Chunk = new("aten::chunk");
        private static readonly Op Clone = new("aten::clone");
        private static readonly Op Contiguous = new("aten::contiguous");
        private static readonly Op CopyInPlace = new("aten::copy_");
        private static readonly Op Detach = new("aten::detach");
        private static readonly Op Expand = new("aten::expand");
        private static readonly Op IndexSelect = new("aten::index_select");
        private static readonly Op Narrow = new("aten::narrow");
        private static readonly Op Permute = new("aten::permute");
        private static readonly Op PinMemory = new("aten::pin_memory");
        private static readonly Op Reshape = new("aten::reshape");
        private static readonly Op ScatterInPlace = new("aten::scatter_", "src");
        private static readonly Op Select = new("aten::select", "int");
        private static readonly Op ToType = new("aten::to", "dtype");
        private static readonly Op ToDevice = new("aten::to", "device");
        private static readonly Op Transpose = new("aten::transpose", "int");
        private static readonly Op Unbind = new("aten::unbind", "int");
        private static readonly Op Unsqueeze = new("aten::unsqueeze");
        private static readonly Op View = new("aten::view");
        private static readonly Op ZeroInPlace = new("aten::zero_");

        public Tensor[] chunk(long chunks, long dim = 0L) => Chunk.CallMany(this, chunks, dim)!;

        public Tensor clone() => Clone.Call(this);

        public Tensor contiguous() => Contiguous.Call(this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => InPlace(CopyInPlace, this, source, nonBlocking);

        public Tensor cpu() => to(CPU);

        public Tensor detach() => Detach.Call(this);

        public Tensor expand(params long[] sizes) => Expand.Call(this, sizes);

        public Tensor index_select(long dim, Tensor index) => IndexSelect.Call(this, dim, index);

        public Tensor narrow(long dim, long start, long length) => Narrow.Call(this, dim, start, length);

        public Tensor permute(params long[] permutation) => Permute.Call(this, permutation);

        /// <summary>A copy in page-locked host memory, from which a copy to the GPU can run beside computation.</summary>
        public Tensor pin_memory() => PinMemory.Call(this);

        public Tensor reshape(params long[] shape) => Reshape.Call(this, shape);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => InPlace(ScatterInPlace, this, dim, index, src);

        public Tensor select(long dim, long index) => Select.Call(this, dim, index);

        /// <summary>This tensor (another handle of it) where it has the type already, a converted copy elsewhere.</summary>
        public Tensor to(ScalarType type) => to_type(type);

        public Tensor to(Device device) => to(dtype, device);

        public Tensor to(string device) => to(new Device(device));

        public Tensor to(DeviceType deviceType, int deviceIndex = -1) => to(new Device(deviceType, deviceIndex));

        public Tensor to(ScalarType type, Device device, bool copy = false) => ToDevice.Call(this, device, type, false, copy);

        public Tensor to(Tensor other) => to(other.dtype, other.device);

        public Tensor to_type(ScalarType type, bool copy = false) => ToType.Call(this, type, false, copy);

        public Tensor transpose(long dim0, long dim1) => Transpose.Call(this, dim0, dim1);

        public Tensor[] unbind(long dimension = 0L) => Unbind.CallMany(this, dimension)!;

        public Tensor unsqueeze(long dim) => Unsqueeze.Call(this, dim);

        public Tensor view(params long[] shape) => View.Call(this, shape);

        public Tensor zero_() => InPlace(ZeroInPlace, this);
    }
}
