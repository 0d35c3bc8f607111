using System.Linq.Expressions;
using System.Reflection;

namespace Akka.Actor;

/// <summary>How to make an actor: kept by the cell, which makes the first instance and one more at each restart.</summary>
public class Props
{
    public Props(Type type, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (!typeof(ActorBase).IsAssignableFrom(type))
            throw new ArgumentException($"{type} is not an actor: it must derive from {nameof(ActorBase)}.", nameof(type));
        Type = type;
        Arguments = args ?? [];
    }

    private Props(Props copy)
    {
        Type = copy.Type;
        Arguments = copy.Arguments;
        Dispatcher = copy.Dispatcher;
        SupervisorStrategy = copy.SupervisorStrategy;
    }

    public Type Type { get; }

    public object[] Arguments { get; }

    /// <summary>The path of the dispatcher's configuration; empty for the default one.</summary>
    public string Dispatcher { get; private init; } = "";

    /// <summary>Replaces the actor's own strategy, if not null.</summary>
    public SupervisorStrategy? SupervisorStrategy { get; private init; }

    /// <param name="factory">A constructor call. Its arguments are evaluated here, once.</param>
    /// <param name="supervisorStrategy">How the actor deals with its children's failures.</param>
    public static Props Create<TActor>(Expression<Func<TActor>> factory, SupervisorStrategy? supervisorStrategy = null)
        where TActor : ActorBase
    {
        if (factory.Body is not NewExpression construction)
            throw new ArgumentException("The create function must be a 'new T (args)' expression", nameof(factory));
        var arguments = construction.Arguments.Select(Evaluate).ToArray();
        return new Props(typeof(TActor), arguments!) { SupervisorStrategy = supervisorStrategy };
    }

    public static Props Create<TActor>(params object[] args)
        where TActor : ActorBase => new(typeof(TActor), args);

    public static Props Create<TActor>(SupervisorStrategy supervisorStrategy)
        where TActor : ActorBase, new() => new(typeof(TActor)) { SupervisorStrategy = supervisorStrategy };

    public static Props Create(Type type, params object[] args) => new(type, args);

    public Props WithDispatcher(string dispatcher) => new(this) { Dispatcher = dispatcher };

    public Props WithSupervisorStrategy(SupervisorStrategy supervisorStrategy) => new(this) { SupervisorStrategy = supervisorStrategy };

    public virtual ActorBase NewActor() => (ActorBase)Activator.CreateInstance(
        Type,
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DoNotWrapExceptions,
        binder: null,
        Arguments,
        culture: null)!;

    private static object? Evaluate(Expression argument) => argument is ConstantExpression constant
        ? constant.Value
        : Expression.Lambda<Func<object?>>(Expression.Convert(argument, typeof(object))).Compile(preferInterpretation: true)();
}
