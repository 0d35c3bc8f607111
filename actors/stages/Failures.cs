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

    /// <summary>The sentence of any error, for the user.</summary>
    /// <param name="error">The error.</param>
    /// <param name="what">What failed, as the beginning of a sentence.</param>
    public static string SentenceOf(Exception error, string what) => SentenceOf(error)
        ?? $"{what} failed ({error.GetType().Name}: {error.Message.TrimEnd('.')}); run the same command again to resume.";

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
