using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Cluster;

// Who trains and who evaluates, and what is missing for it.
internal sealed partial class CoordinatorActor
{
    private readonly Dictionary<int, Assignment> _evaluations = [];
    private readonly Dictionary<int, long> _evaluationsBegan = [];
    private Assignment? _training;

    /// <summary>A stage that only evaluates has its model from the beginning.</summary>
    private void BeginEvaluationStage()
    {
        int index = _record.NextToTrain;
        if (index < _record.Stages.Length && !_record.Plan.Stages[index].Trains && _record.FilesOf(_record.Plan.Stages[index].Initial) is { } files)
            Change(index, _record.Stages[index] with { Trained = new TrainedModel(files, new TrainingTotals(0, 0, 0, 0, 0, 0), null, null, null) });
    }

    private void AssignEvaluations()
    {
        foreach (int index in _record.ActiveStages.Where(index => _record.Stages[index].Trained is not null))
        {
            if (_evaluations.TryGetValue(index, out var assigned) && Usable(assigned.Node))
                continue;
            _evaluations.Remove(index);
            // Beside the student only if there is no other node.
            if (Candidates(NodeRoles.Evaluator).OrderBy(node => node.Roles.Contains(NodeRoles.Student)).FirstOrDefault() is not { } node)
                continue;
            _evaluations[index] = new Assignment(index, node.Node);
            _evaluationsBegan.TryAdd(index, _options.Time.GetTimestamp());
        }
    }

    private void AssignTraining()
    {
        int next = _record.NextToTrain;
        if (_cancelled || next == _record.Stages.Length || !_record.Plan.Stages[next].Trains)
        {
            _training = null;
            WaitsFor = Missing(next);
            return;
        }
        if (_training is { } training && (training.Stage != next || !(Usable(training.Node) || HandsOn(training))))
            _training = null;
        if (_training is null && Heard(NodeRoles.Student))
        {
            // A model is not evaluated and the next one trained on one node at the same time. Who does not know the plan yet does not know its device.
            var node = Candidates(NodeRoles.Student).FirstOrDefault(node => node.RunId == _record.RunId && _evaluations.Values.All(evaluation => evaluation.Node != node.Node));
            if (node is not null)
            {
                _training = new Assignment(next, node.Node);
                if (_record.Machine is null)
                    _record = _record with { Machine = node.Machine, Sequence = _record.Sequence + 1 };
                _options.Journal.Append("stage-started", _record.Plan.Stages[next].Name, _record.Plan.Stages[next].Fingerprint());
            }
        }
        WaitsFor = Missing(next);
    }

    /// <summary>Who is told to train: nobody while a student hands on.</summary>
    private Assignment? ToTrain => _training is { } training && HandsOn(training) ? null : _training;

    /// <summary>Whether a student that trains shall go on, although it was not told to by this coordinator.</summary>
    private bool AsBefore => _training is null && !_cancelled && !Heard(NodeRoles.Student);

    /// <summary>Whether the student of a node that leaves has not ended yet, or its last checkpoint does not count yet.</summary>
    private bool HandsOn(Assignment training) => _reports.TryGetValue(training.Node, out var report) && report.Leaving
        && report.Stages.Any(stage => stage.Stage == training.Stage && stage.Training) && _options.Nodes.All.Any(member => member.Is(training.Node));

    /// <summary>The node that is missing for the next stage, or null.</summary>
    private string? Missing(int next)
    {
        bool trains = next < _record.Stages.Length && _record.Plan.Stages[next].Trains;
        string[] roles = trains ? [NodeRoles.Student, .. Services(next)] : [NodeRoles.Evaluator, NodeRoles.Data];
        return roles.FirstOrDefault(role => !Candidates(role).Any()) is { } missing && _record.ActiveStages.Any()
            ? $"a node with the role {missing}; start one with: actortrain node --roles {missing}"
            : null;
    }

    /// <summary>The roles that a stage's student or evaluator asks.</summary>
    private string[] Services(int stage) => _record.Plan.Stages[stage].Kind == StageKind.Distill ? [NodeRoles.Data, NodeRoles.Teacher] : [NodeRoles.Data];

    /// <summary>Whether every node with a role has reported, or has had the time to: one of them may be at work for a former coordinator.</summary>
    private bool Heard(string role) => _options.Time.GetElapsedTime(_began) > Patience
        || _options.Nodes.All.Where(node => node.Reachable && node.Roles.Contains(role)).All(node => _reports.Keys.Any(node.Is));

    private IEnumerable<NodeReport> Candidates(string role) => _reports.Values.Where(node => node.Roles.Contains(role) && !node.Leaving && Usable(node.Node));

    /// <summary>Whether a node is a member, and this start of it the last one.</summary>
    private bool Usable(string node) => !_refused.ContainsKey(node) && _reports.TryGetValue(node, out var report) && !report.Leaving
        && _options.Nodes.All.Any(member => member.Is(node));
}
