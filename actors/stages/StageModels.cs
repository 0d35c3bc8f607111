using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>Finds the models that a stage's plan names: on this node's disk, or fetched there from the nodes that have them.</summary>
/// <param name="run">The run on this node.</param>
/// <param name="record">What is known of it.</param>
/// <param name="plan">The stage.</param>
/// <param name="system">Leads to the other nodes.</param>
/// <param name="cancel">Ends what is fetched and copied.</param>
internal sealed class StageModels(RunContext run, RunRecord record, StagePlan plan, ActorSystem system, CancellationToken cancel)
{
    /// <summary>The files of a model; null for a preset, and for a stage that is not trained yet.</summary>
    public FileSet? FilesOf(string location) => record.FilesOf(location);

    /// <summary>SHA-256 of a model's weights.</summary>
    public static string WeightsOf(FileSet files) => files.Files.Single(file => file.Name == ModelFolder.WeightsName).Sha256;

    /// <summary>Where copies of a model lie in a run folder.</summary>
    public static string ReplicaOf(FileSet model) => $"{RunFolder.ModelsName}/{WeightsOf(model)[..16]}";

    /// <summary>Where copies of a stage's metrics and ledger lie in a run folder.</summary>
    public static string LogReplicaOf(string stage) => $"{RunFolder.StagesName}/{stage}/log";

    /// <summary>Where copies of a checkpoint lie in a run folder.</summary>
    public static string CheckpointReplicaOf(string stage, long step) => $"{RunFolder.StagesName}/{stage}/checkpoint-{step}";

    /// <summary>A folder of this node that holds the model.</summary>
    public async Task<string> FolderAsync(string location) =>
        ModelLocation.PresetOf(location) is { } preset ? MakePreset(preset) : await FolderAsync(FilesOf(location)!);

    /// <summary>A folder of this node that holds a model's files.</summary>
    public async Task<string> FolderAsync(FileSet files)
    {
        if (OwnFolder(files) is { } own)
            return own;
        string folder = Path.Combine(run.Folder.Models, WeightsOf(files)[..16]);
        await FetchAsync(files, folder);
        return folder;
    }

    /// <summary>Brings files into a folder of this node.</summary>
    public Task FetchAsync(FileSet files, string folder) =>
        FileFetch.FetchAsync(files, folder, () => [.. run.Nodes.FileServers(system).Select(other => other.Files)], run.Files, Options, cancel);

    /// <summary>Brings files onto the disks of other nodes, as many as there are up to <paramref name="copies"/>.</summary>
    /// <param name="files">Files of this node.</param>
    /// <param name="folder">The folder under the other nodes' run folders.</param>
    /// <param name="copies">How many nodes.</param>
    /// <param name="keep">See <see cref="HoldFiles"/>.</param>
    /// <returns>Whether that many hold them now.</returns>
    public Task<bool> ReplicateAsync(FileSet files, string folder, int copies, int keep) => ReplicateAsync(files, folder, copies, keep, cancel);

    private async Task<bool> ReplicateAsync(FileSet files, string folder, int copies, int keep, CancellationToken cancel)
    {
        // One that is only out of reach for a moment counts as well.
        copies = Math.Min(copies, run.Nodes.All.Count(node => node.Root.Length > 0));
        var order = new HoldFiles(files, $"{record.RunId}/{folder}", run.Epoch, record.RunId, run.Node.Root + FileServerActor.Path, keep);
        return (await Replication.ReplicateAsync(order, copies, run.Nodes.FileServers(system), Options, cancel)).Count == copies;
    }

    /// <summary>
    /// Where the run began on one node's disk only, brings its model onto other nodes' as well; the training does not wait for it, nor it for the
    /// training.
    /// </summary>
    public async Task SpreadAsync(string location, int copies)
    {
        if (!run.Clustered || ModelLocation.StageOf(location) is not null || FilesOf(location) is not { } files)
            return;
        try
        {
            await ReplicateAsync(files, ReplicaOf(files), copies, keep: 0, run.Cancel);
        }
        catch (Exception error) when (error is StaleEpochException or RunException or OperationCanceledException)
        {
            // The next student to be started tries again.
        }
    }

    /// <summary>The initial model without its weights.</summary>
    public async Task<ModelShape> ShapeAsync()
    {
        if (ModelLocation.PresetOf(plan.Initial) is { } preset)
            return new ModelShape(Preset(preset), "");
        var files = FilesOf(plan.Initial)!;
        if (OwnFolder(files) is not { } folder)
        {
            folder = Path.Combine(run.Folder.Models, WeightsOf(files)[..16] + "-shape");
            await FetchAsync(new FileSet([.. files.Files.Where(file => file.Name != ModelFolder.WeightsName)]), folder);
        }
        return new ModelShape(ModelFolder.ReadConfiguration(folder), folder);
    }

    // Presets of text models become folders before a run is planned, for they need a tokenizer.
    private VitConfiguration Preset(string name) => (VitConfiguration)ModelPresets.Find(name) with { ImageSize = PresetSize };

    private int PresetSize => (plan.Train ?? plan.Test)!.ImageSize;

    private string MakePreset(string preset)
    {
        string folder = Path.Combine(run.Folder.Cache, $"{preset}-{PresetSize}-seed-{plan.Seed}");
        if (!Directory.Exists(folder))
        {
            string unfinished = folder + ".tmp";
            RunFolder.Writing(folder, () =>
            {
                if (Directory.Exists(unfinished))
                    Directory.Delete(unfinished, recursive: true);
                Directory.CreateDirectory(unfinished);
                ModelFolder.CreateFresh(Preset(preset), plan.Seed, unfinished);
                Directory.Move(unfinished, folder);
            });
        }
        return folder;
    }

    private FetchOptions Options => new() { Time = run.Options.Time, Notice = text => run.Events.Report(new Notice(text)) };

    /// <summary>A folder of this node that holds all the files. Many models have one configuration or tokenizer; the largest file, the weights, is in few folders.</summary>
    private string? OwnFolder(FileSet files) =>
        run.Files.FindAll(files.Files.MaxBy(file => file.Length)!.Sha256).Select(path => Path.GetDirectoryName(path)!)
            .FirstOrDefault(folder => files.Files.All(file => run.Files.Has(Path.Combine(folder, file.Name), file.Sha256)));
}
