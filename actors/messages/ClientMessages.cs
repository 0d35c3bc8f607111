using MessagePack;

namespace ActorTrain.Actors.Messages;

// What a client (a command line, not a member of the cluster) and the cluster say to each other. A client asks any node, which
// passes the question on to the coordinator. Every request may be sent twice, and again to another node.

/// <summary>Any request of a client that cannot be answered yet, such as while no coordinator is there; the client asks again.</summary>
/// <param name="Sentence">What the cluster waits for.</param>
[MessagePackObject]
public sealed record ClusterNotReady([property: Key(0)] string Sentence);

/// <summary>Asks the cluster to carry out a plan. A plan that it carries out or has finished already is accepted again and changes nothing.</summary>
/// <param name="Plan">The plan, with every choice made (no <see cref="TargetMode.Auto"/>).</param>
[MessagePackObject]
public sealed record SubmitRun([property: Key(0)] RunPlan Plan);

/// <summary>The cluster carries the plan out.</summary>
/// <param name="Run">Names the run.</param>
[MessagePackObject]
public sealed record RunAccepted([property: Key(0)] string Run);

/// <summary>The cluster will not carry the plan out.</summary>
/// <param name="Sentence">What the user should read.</param>
[MessagePackObject]
public sealed record RunRefused([property: Key(0)] string Sentence);

/// <summary>Asks for what is new of a run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Epoch">The epoch of the coordinator whose events are known; 0 for none.</param>
/// <param name="After">The last known event of that epoch; 0 for none.</param>
/// <param name="Finished">How many of the run's finished stages are known.</param>
[MessagePackObject]
public sealed record FollowRun([property: Key(0)] string Run, [property: Key(1)] long Epoch, [property: Key(2)] long After,
    [property: Key(3)] int Finished);

/// <summary>The answer to <see cref="FollowRun"/>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Epoch">The epoch of the coordinator that answers; another epoch than the question's counts its events from 1 again.</param>
/// <param name="Last">The number of the last event in <paramref name="Events"/>, or of the last known one when there is none.</param>
/// <param name="Events">What happened since, in order; the oldest are left out where there are too many.</param>
/// <param name="Finished">The finished stages after those that the question knew, in the plan's order.</param>
/// <param name="Error">The sentence that ended the run, or null.</param>
[MessagePackObject]
public sealed record RunProgress([property: Key(0)] string Run, [property: Key(1)] long Epoch, [property: Key(2)] long Last,
    [property: Key(3)] RunEventMessage[] Events, [property: Key(4)] FinishedStage[] Finished, [property: Key(5)] string? Error);

/// <summary>A stage's result, and where its files are.</summary>
/// <param name="Result">The result; its model folder is one of the node that wrote it.</param>
/// <param name="Model">The final model; null for an evaluation.</param>
/// <param name="Log">The stage's <c>metrics.jsonl</c> and <c>ledger.jsonl</c>, as far as it wrote them; null without training.</param>
/// <param name="Holders">Addresses (<c>host:port</c>) of nodes that hold these files.</param>
[MessagePackObject]
public sealed record FinishedStage([property: Key(0)] StageResult Result, [property: Key(1)] FileSet? Model, [property: Key(2)] FileSet? Log,
    [property: Key(3)] string[] Holders);

/// <summary>The kinds of <see cref="RunEventMessage"/>.</summary>
public enum RunEventKind
{
    /// <summary><see cref="StageStarted"/>.</summary>
    StageStarted,
    /// <summary><see cref="StepDone"/>.</summary>
    StepDone,
    /// <summary><see cref="CheckpointSaved"/>.</summary>
    CheckpointSaved,
    /// <summary><see cref="EvaluationAdvanced"/>.</summary>
    EvaluationAdvanced,
    /// <summary><see cref="Notice"/>.</summary>
    Notice,
}

/// <summary>A <see cref="RunEvent"/> as it travels. (A finished stage travels as <see cref="FinishedStage"/>.)</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Text">The stage's name, or a notice's sentence.</param>
/// <param name="Done">Steps done, or samples evaluated.</param>
/// <param name="DataSet">The data set of an evaluation; else empty.</param>
/// <param name="Count">Steps of the stage, or samples of the data set.</param>
/// <param name="Numbers">The numbers of a step, in the order in which <see cref="StepDone"/> has them; else empty.</param>
[MessagePackObject]
public sealed record RunEventMessage([property: Key(0)] RunEventKind Kind, [property: Key(1)] string Text, [property: Key(2)] long Done,
    [property: Key(3)] long Count, [property: Key(4)] string DataSet, [property: Key(5)] double[] Numbers);

/// <summary>Asks how the cluster is.</summary>
[MessagePackObject]
public sealed record StatusRequest;

/// <summary>How the cluster is.</summary>
/// <param name="Coordinator">Address of the coordinator's node; null while there is none.</param>
/// <param name="Epoch">The coordinator's epoch; 0 before the first run.</param>
/// <param name="Run">The run that is carried out, or the last one; null before the first.</param>
/// <param name="Members">The cluster's members.</param>
[MessagePackObject]
public sealed record ClusterStatus([property: Key(0)] string? Coordinator, [property: Key(1)] long Epoch, [property: Key(2)] RunStatus? Run,
    [property: Key(3)] ClusterMember[] Members);

/// <summary>How far a run is.</summary>
/// <param name="Name">The plan's name.</param>
/// <param name="Finished">Finished stages.</param>
/// <param name="Stages">All stages.</param>
/// <param name="Stage">The stage that is carried out; null before the first and after the last.</param>
/// <param name="Step">Its steps done.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="WaitsFor">What it waits for (<c>a node with the role teacher</c>); null while it goes on.</param>
/// <param name="Error">The sentence that ended the run, or null.</param>
[MessagePackObject]
public sealed record RunStatus([property: Key(0)] string Name, [property: Key(1)] int Finished, [property: Key(2)] int Stages,
    [property: Key(3)] string? Stage, [property: Key(4)] long Step, [property: Key(5)] long Steps, [property: Key(6)] string? WaitsFor,
    [property: Key(7)] string? Error);

/// <summary>A node of the cluster.</summary>
/// <param name="Address">Its address, <c>host:port</c>.</param>
/// <param name="Status"><c>joining</c>, <c>up</c>, <c>leaving</c>, …, or <c>unreachable</c>.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Machine">Fingerprint of what its machine decides of the results; empty before its first report.</param>
/// <param name="Work">What it does now, role by role.</param>
[MessagePackObject]
public sealed record ClusterMember([property: Key(0)] string Address, [property: Key(1)] string Status, [property: Key(2)] string[] Roles,
    [property: Key(3)] string Machine, [property: Key(4)] RoleWork[] Work);

/// <summary>What a node does in one of its roles.</summary>
/// <param name="Role">The role.</param>
/// <param name="Doing">A few words: <c>serves batches</c>, <c>step 120 of 2000</c>.</param>
/// <param name="PerSecond">Batches, targets or steps a second, over the last seconds.</param>
/// <param name="Queue">Requests that wait for it.</param>
[MessagePackObject]
public sealed record RoleWork([property: Key(0)] string Role, [property: Key(1)] string Doing, [property: Key(2)] double PerSecond,
    [property: Key(3)] int Queue);

/// <summary>Asks a node to leave the cluster once what it does is done or handed on.</summary>
/// <param name="Address">The node, <c>host:port</c>.</param>
[MessagePackObject]
public sealed record LeaveNode([property: Key(0)] string Address);

/// <summary>Takes a node that is gone for good out of the cluster.</summary>
/// <param name="Address">The node, <c>host:port</c>.</param>
[MessagePackObject]
public sealed record DownNode([property: Key(0)] string Address);

/// <summary>The answer to <see cref="LeaveNode"/> and <see cref="DownNode"/>.</summary>
/// <param name="Error">Why it was not done; null when it was.</param>
[MessagePackObject]
public sealed record MembershipAnswer([property: Key(0)] string? Error);
