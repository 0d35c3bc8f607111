using System.Runtime.ExceptionServices;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>Tells what a restart can heal from what it cannot.</summary>
internal static class Failures
{
    /// <summary>The sentence of an error that would come again after a restart: bad input, a full disk. Null for any other.</summary>
    public static string? SentenceOf(Exception error) => error switch
    {
        DataException or ModelException or RunException or IOException or UnauthorizedAccessException => error.Message,
        _ => null,
    };

    /// <summary>
    /// Handles the failure of work that an actor had started: what a restart cannot heal goes to the stage as a sentence and the
    /// actor lives on; anything else is thrown, so that the stage restarts the actor.
    /// </summary>
    public static void Handle(Exception error, StageContext stage, IActorRef supervisor)
    {
        if (SentenceOf(error) is { } sentence)
            supervisor.Tell(new Messages.StageFailed(stage.Fingerprint, sentence));
        else
            ExceptionDispatchInfo.Throw(error);
    }
}
