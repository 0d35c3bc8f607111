using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Cluster;

// What a node's report changes in the record, and which nodes take no part.
internal sealed partial class CoordinatorActor
{
    private readonly Dictionary<string, string> _refused = [];

    /// <summary>Takes what a node reports into the record.</summary>
    private void TakeIn(NodeReport report)
    {
        foreach (var stage in report.Stages.Where(stage => stage.Plan == _record.Plan.Stages[stage.Stage].Fingerprint()))
        {
            var known = _record.Stages[stage.Stage];
            if (Differs(known.Train, stage.Train) || Differs(known.Test, stage.Test))
            {
                Refuse(report.Node, $"The data of stage '{_record.Plan.Stages[stage.Stage].Name}' on {report.Node} is not the data that the run began with; give the node the same files.");
                continue;
            }
            bool trains = _training == new Assignment(stage.Stage, report.Node);
            if (_training is null && stage.Training && known.Trained is null)
                (_training, trains) = (new Assignment(stage.Stage, report.Node), true);
            var news = known with { Train = known.Train ?? stage.Train, Test = known.Test ?? stage.Test };
            // Only the node that was told to train commits: one that was paused and has been replaced comes too late.
            if (trains && stage.Checkpoint is { } checkpoint && checkpoint.Step > (known.Checkpoint?.Step ?? 0))
                news = news with { Checkpoint = checkpoint };
            if (trains && known.Trained is null && stage.Trained is not null)
            {
                news = news with { Trained = stage.Trained };
                _training = null;
            }
            foreach (var done in stage.Evaluations.Where(done => known.Result is null && news.Evaluations.All(other => other.Split != done.Split)))
                news = news with { Evaluations = [.. news.Evaluations, done.Split == DataSplit.Test ? done : done with { Confusion = [] }] };
            if (stage.Failure is { } sentence)
                TakeFailure(report, stage.Stage, sentence);
            Change(stage.Stage, news);
        }
    }

    /// <summary>Whether a machine computes the bits that the run began with.</summary>
    private bool Fits(NodeReport report)
    {
        if (_options.AllowMixed || _record.Machine is null || report.Machine == _record.Machine)
            return true;
        Refuse(report.Node, NodeActor.MachineSentence(report.Node, report.Machine, _record.Machine));
        return false;
    }

    private static bool Differs(DataSetInfo? known, DataSetInfo? seen) => known is not null && seen is not null && !known.Equals(seen);

    /// <summary>A failure ends the run if it is the student's or evaluator's, or if no other node can take the failed one's place.</summary>
    private void TakeFailure(NodeReport report, int stage, string sentence)
    {
        bool essential = _training == new Assignment(stage, report.Node) || _evaluations.GetValueOrDefault(stage)?.Node == report.Node;
        bool replaceable = Services(stage).Intersect(report.Roles).All(role => Candidates(role).Any(other => other.Node != report.Node));
        if (essential || !replaceable)
            Fail(sentence);
        else
            Refuse(report.Node, sentence);
    }

    private void Refuse(string node, string sentence)
    {
        if (_refused.TryAdd(node, sentence))
            Report(new Notice($"Node {node} takes no part: {sentence}"));
    }
}
