using System.Runtime.ExceptionServices;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

internal sealed partial class ActorCell
{
    // Who made this actor fail: itself, or the child whose failure it escalates. Null while it is well.
    private IActorRef? _perpetrator;
    private Exception? _restartCause;

    // The supervisor gets the failure; no message is handled until it has decided.
    private void HandleInvokeFailure(Exception cause, bool suspendChildren = true)
    {
        if (_perpetrator != null)
            return;
        Mailbox.Suspend();
        var escalated = CurrentMessage as Failed;
        _perpetrator = escalated?.Child ?? Self;
        if (suspendChildren)
            SuspendChildren(except: escalated?.Child);
        Parent.SendSystemMessage(new Failed(Self, cause));
    }

    private void HandleFailed(Failed failed)
    {
        CurrentMessage = failed;
        Sender = failed.Child;
        if (StatsOf(failed.Child) is not { } stats || _actor == null)
        {
            Publish(new Debug(Self.Path.ToString(), GetType(), $"Dropping Failed({failed.Cause}) from unknown child {failed.Child}"));
            return;
        }
        if (!_actor.SupervisorStrategyInternal.HandleFailure(this, failed.Child, failed.Cause, stats, AllStats()))
            ExceptionDispatchInfo.Throw(failed.Cause);
        CurrentMessage = null;
    }

    private void FaultSuspend()
    {
        Mailbox.Suspend();
        SuspendChildren();
    }

    private void FaultResume(Exception? causedByFailure)
    {
        if (_actor == null)
        {
            FaultCreate();
            return;
        }
        var perpetrator = _perpetrator;
        Mailbox.Resume();
        if (causedByFailure != null)
            _perpetrator = null;
        foreach (var child in Children())
            child.Resume(child.Equals(perpetrator) ? causedByFailure : null);
    }

    private void FaultRecreate(Exception cause)
    {
        if (_actor == null)
        {
            FaultCreate();
            return;
        }
        if (_terminating)
        {
            FaultResume(null);
            return;
        }
        var message = CurrentMessage;
        try
        {
            _actor.AroundPreRestart(cause, message);
        }
        catch (Exception failure)
        {
            Publish(new Error(new PreRestartException(Self, failure, cause, message), Self.Path.ToString(), _actor.GetType(), failure.Message));
        }
        Release(_actor);
        _actor = null;
        _restartCause = cause;
        if (!WaitForDyingChildren(Afterwards.Restart))
            FinishRecreate();
    }

    private void FinishRecreate()
    {
        var cause = _restartCause!;
        _restartCause = null;
        var survivors = Children();
        try
        {
            Mailbox.Resume();
            _perpetrator = null;
            CurrentMessage = null;
            _actor = NewActor();
            _actor.AroundPostRestart(cause, null);
            RestartReceiveTimeout(null);
            foreach (var child in survivors)
                child.Restart(cause);
        }
        catch (Exception failure)
        {
            _actor = null;
            HandleInvokeFailure(new PostRestartException(Self, failure, cause), suspendChildren: false);
        }
    }

    // The constructor failed before, and the supervisor wants another try.
    private void FaultCreate()
    {
        SetReceiveTimeout(null);
        StopChildren();
        if (!WaitForDyingChildren(Afterwards.Create))
            FinishCreate();
    }

    private void FinishCreate()
    {
        Mailbox.Resume();
        _perpetrator = null;
        try
        {
            CreateActor();
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }
    }

    private void Terminate()
    {
        if (_terminating)
            return;
        SetReceiveTimeout(null);
        UnwatchAll();
        lock (_children)
            _terminating = true;
        StopChildren();
        if (!WaitForDyingChildren(Afterwards.Terminate))
        {
            FinishTerminate();
            return;
        }
        Mailbox.Suspend();
        // From here on a failure is nobody's business.
        _perpetrator = Self;
    }

    // A parent that watches its child must see the child gone before it sees Terminated: the parent is told first.
    private void FinishTerminate()
    {
        var actor = _actor;
        try
        {
            if (actor != null)
            {
                actor.AroundPostStop();
                Release(actor);
            }
        }
        catch (Exception failure)
        {
            Publish(new Error(failure, Self.Path.ToString(), actor!.GetType(), failure.Message));
        }
        finally
        {
            Mailbox.Close();
            Parent.SendSystemMessage(new DeathWatchNotification(Self, ExistenceConfirmed: true, AddressTerminated: false));
            TellWatchers();
            UnwatchAll();
            _actor = null;
            CurrentMessage = null;
        }
    }

    // The instance is done: what it stashed goes back before the other messages, for the next instance or for the dead letters.
    private static void Release(ActorBase actor)
    {
        if (actor is IActorStash { Stash: { } stash })
            stash.UnstashAll();
        actor.Clear();
    }

    private void HandleChildDeath(IActorRef child)
    {
        switch (RemoveChild(child))
        {
            case Afterwards.Create: FinishCreate(); break;
            case Afterwards.Restart: FinishRecreate(); break;
            case Afterwards.Terminate: FinishTerminate(); break;
        }
    }
}
