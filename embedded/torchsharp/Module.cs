using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp.Modules
{
    /// <summary>A tensor that a module registers as one of its own and that an optimiser moves.</summary>
    public class Parameter : torch.Tensor
    {
        /// <summary>Takes <paramref name="data"/>'s native tensor over; <paramref name="data"/> is invalid afterwards.</summary>
        public Parameter(torch.Tensor data, bool requires_grad = true)
            : base(data.with_requires_grad(requires_grad).MoveHandle(), register: false)
        {
            DisposeScope? scope = data.OwningDisposeScope;
            scope?.Remove(data);
            scope?.Add(this);
            GC.SuppressFinalize(data);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);

            /// <summary>
            /// The base of every network. A derived class assigns its parameters, buffers and modules to fields and calls
            /// <see cref="RegisterComponents"/> at the end of its constructor: their names are the fields'.
            /// </summary>
            public class Module : IDisposable
            {
                private readonly List<(string name, Module module)> _modules = [];
                private readonly List<(string name, Parameter parameter)> _parameters = [];
                private readonly List<(string name, Tensor buffer)> _buffers = [];
                private readonly string _name;
                private bool _areComponentsRegistered;

                protected Module(string name) => _name = name;

                public virtual bool training { get; private set; } = true;

                public virtual string GetName() => _name;

                public virtual void train(bool train = true)
                {
                    training = train;
                    foreach (var (_, module) in _modules)
                        module.train(train);
                }

                public virtual void eval() => train(false);

                public virtual IEnumerable<(string name, Module module)> named_children() => _modules;

                public virtual IEnumerable<Module> children() => _modules.Select(child => child.module);

                public virtual IEnumerable<(string name, Module module)> named_modules() =>
                    _modules.Concat(_modules.SelectMany(
                        child => child.module.named_modules().Select(inner => ($"{child.name}.{inner.name}", inner.module))));

                public virtual IEnumerable<Module> modules() => named_modules().Select(entry => entry.module);

                public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                    Named(recurse, module => module._parameters).DistinctBy(entry => entry.Item2.Handle);

                public virtual IEnumerable<Parameter> parameters(bool recurse = true) =>
                    named_parameters(recurse).Select(entry => entry.parameter);

                public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true) =>
                    Named(recurse, module => module._buffers).DistinctBy(entry => entry.Item2.Handle);

                public virtual IEnumerable<Tensor> buffers(bool recurse = true) => named_buffers(recurse).Select(entry => entry.buffer);

                public virtual void register_parameter(string name, Parameter param) =>
                    Register(_parameters, name, param ?? throw new ArgumentNullException(nameof(param)), "Parameter");

                public virtual void register_buffer(string name, Tensor tensor) =>
                    Register(_buffers, name, tensor ?? throw new ArgumentNullException(nameof(tensor)), "Tensor");

                public virtual void register_module(string name, Module submodule)
                {
                    if (string.IsNullOrEmpty(name) || name.Contains('.'))
                        throw new ArgumentException($"module name can't be empty or contain \".\", got: {name}");
                    ArgumentNullException.ThrowIfNull(submodule);
                    submodule.RegisterComponents();
                    Register(_modules, name, submodule, "Sub-module");
                }

                /// <summary>Frees the parameters and buffers, here and in every module below.</summary>
                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing)
                {
                    if (!disposing)
                        return;
                    foreach (var (_, parameter) in _parameters)
                        parameter.Dispose();
                    foreach (var (_, buffer) in _buffers)
                        buffer.Dispose();
                    foreach (var (_, module) in _modules)
                        module.Dispose();
                }

                protected virtual void RegisterComponents()
                {
                    if (_areComponentsRegistered)
                        return;
                    _areComponentsRegistered = true;
                    for (Type? type = GetType(); type is not null && type != typeof(Module); type = type.BaseType)
                    {
                        const BindingFlags OwnFields =
                            BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
                        foreach (FieldInfo field in type.GetFields(OwnFields).Where(field => !IsRegistered(field.Name)))
                            RegisterComponent(field.Name, field.GetValue(this));
                    }
                }

                internal void MoveTo(Device? device, ScalarType? dtype)
                {
                    using IDisposable untracked = no_grad();
                    foreach (Tensor tensor in parameters().Concat(buffers()).ToList())
                    {
                        bool floating = is_floating_point(tensor.dtype);
                        bool tracked = tensor.requires_grad;
                        using Tensor moved = tensor.to(floating ? dtype ?? tensor.dtype : tensor.dtype, device ?? tensor.device);
                        if (moved.Handle == tensor.Handle)
                            continue;
                        tensor.ReplaceHandle(moved.MoveHandle());
                        tensor.requires_grad = tracked;
                    }
                }

                private static void Register<T>(List<(string name, T)> components, string name, T component, string kind)
                {
                    if (components.Any(entry => entry.name == name))
                        throw new InvalidOperationException($"{kind} {name} is already registered.");
                    components.Add((name, component));
                }

                private bool IsRegistered(string name) =>
                    _modules.Any(entry => entry.name == name) || _parameters.Any(entry => entry.name == name)
                    || _buffers.Any(entry => entry.name == name);

                private void RegisterComponent(string name, object? value)
                {
                    switch (value)
                    {
                        case Module module:
                            register_module(name, module);
                            break;
                        case Parameter parameter:
                            register_parameter(name, parameter);
                            break;
                        case Tensor tensor:
                            register_buffer(name, tensor);
                            break;
                    }
                }

                private IEnumerable<(string, T)> Named<T>(bool recurse, Func<Module, List<(string name, T)>> own)
                {
                    foreach (var entry in own(this))
                        yield return entry;
                    if (!recurse)
                        yield break;
                    foreach (var (child, module) in _modules)
                    {
                        foreach (var (name, component) in module.Named(true, own))
                            yield return ($"{child}.{name}", component);
                    }
                }
            }

            public abstract class Module<T, TResult> : Module
            {
                protected Module(string name)
                    : base(name)
                {
                }

                public abstract TResult forward(T input);

                public TResult call(T input) => forward(input);
            }

            public abstract class Module<T1, T2, TResult> : Module
            {
                protected Module(string name)
                    : base(name)
                {
                }

                public abstract TResult forward(T1 input1, T2 input2);

                public TResult call(T1 input1, T2 input2) => forward(input1, input2);
            }
        }
    }

    public static class ModuleExtensionMethods
    {
        public static T to<T>(this T module, torch.Device device)
            where T : torch.nn.Module
        {
            module.MoveTo(device, null);
            return module;
        }

        public static T to<T>(this T module, torch.ScalarType type)
            where T : torch.nn.Module
        {
            module.MoveTo(null, type);
            return module;
        }
    }
}
