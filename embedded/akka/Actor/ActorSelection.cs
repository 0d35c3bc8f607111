namespace Akka.Actor;

/// <summary>One step of a selection's path.</summary>
public abstract class SelectionPathElement;

internal sealed class SelectParent : SelectionPathElement
{
    public override string ToString() => "..";
}

internal sealed class SelectChildName(string name) : SelectionPathElement
{
    public string Name { get; } = name;

    public override string ToString() => Name;
}

/// <summary>A path that is followed anew with each message.</summary>
public class ActorSelection : ICanTell
{
    public ActorSelection(IActorRef anchor, SelectionPathElement[] path)
    {
        Anchor = anchor;
        Path = path;
    }

    public ActorSelection(IActorRef anchor, string path)
        : this(anchor, path.Split('/'))
    {
    }

    public ActorSelection(IActorRef anchor, IEnumerable<string> elements)
        : this(anchor, elements.Where(element => !string.IsNullOrEmpty(element)).Select(Element).ToArray())
    {
    }

    public IActorRef Anchor { get; }

    public SelectionPathElement[] Path { get; }

    public string PathString => "/" + string.Join("/", Path.Select(element => element.ToString()));

    public void Tell(object message, IActorRef? sender = null) => Deliver(
        (IInternalActorRef)Anchor, new ActorSelectionMessage(message, Path), sender ?? ActorCell.Current?.Self!);

    void ICanTell.Tell(object message, IActorRef sender) => Tell(message, sender);

    public Task<IActorRef> ResolveOne(TimeSpan timeout) => ResolveOne(timeout, CancellationToken.None);

    /// <exception cref="ActorNotFoundException">There is no such actor, or it did not answer in time.</exception>
    public async Task<IActorRef> ResolveOne(TimeSpan timeout, CancellationToken ct)
    {
        ActorIdentity identity;
        try
        {
            identity = await this.Ask<ActorIdentity>(new Identify(null), timeout, ct).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            throw new ActorNotFoundException($"Exception occurred while resolving {this}", failure);
        }
        return identity.Subject ?? throw new ActorNotFoundException($"There is no actor at {this}");
    }

    public override bool Equals(object? obj) => obj is ActorSelection other && Equals(Anchor, other.Anchor) && PathString == other.PathString;

    public override int GetHashCode() => HashCode.Combine(Anchor, PathString);

    public override string ToString() => $"ActorSelection[Anchor({Anchor.Path.ToStringWithUid()}), Path({PathString})]";

    private static SelectionPathElement Element(string element) => element switch
    {
        ".." => new SelectParent(),
        _ => new SelectChildName(element),
    };

    private static void Deliver(IInternalActorRef current, ActorSelectionMessage selection, IActorRef sender)
    {
        if (selection.Elements.Length == 0)
        {
            current.Tell(selection.Message, sender);
            return;
        }
        if (current is not LocalActorRef local)
        {
            // Elsewhere: the rest of the way is found there.
            current.Tell(selection, sender);
            return;
        }
        var rest = new ActorSelectionMessage(selection.Message, selection.Elements[1..]);
        switch (selection.Elements[0])
        {
            case SelectParent:
                Deliver(local.Parent, rest, sender);
                break;
            case SelectChildName name when local.GetSingleChild(name.Name) is { } child && !child.IsNobody():
                Deliver(child, rest, sender);
                break;
            default:
                var path = local.Path / selection.Elements.Select(element => element.ToString()!);
                new EmptyLocalActorRef(local.Provider, path).Tell(selection, sender);
                break;
        }
    }
}

/// <summary>A message on its way along a selection.</summary>
public class ActorSelectionMessage(object message, SelectionPathElement[] elements)
    : IAutoReceivedMessage, IWrappedMessage
{
    public object Message { get; } = message;

    public SelectionPathElement[] Elements { get; } = elements;
}
