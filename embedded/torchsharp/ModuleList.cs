using System.Collections;
using TorchSharp.Modules;

namespace TorchSharp.Modules
{
    /// <summary>Modules in a row, registered under their numbers.</summary>
    public class ModuleList<T> : torch.nn.Module, IEnumerable<T>
        where T : torch.nn.Module
    {
        private readonly T[] _list;
        private bool _registered;

        public ModuleList(params T[] modules)
            : base("ModuleList") => _list = modules;

        public int Count => _list.Length;

        public T this[int index] => _list[index];

        public IEnumerator<T> GetEnumerator() => _list.AsEnumerable().GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        protected override void RegisterComponents()
        {
            if (_registered)
                return;
            _registered = true;
            for (int index = 0; index < _list.Length; index++)
                register_module($"{index}", _list[index]);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static ModuleList<T> ModuleList<T>(params T[] modules)
                where T : Module => new(modules);
        }
    }
}
