using System.Globalization;
using System.Text.Json;

namespace ActorTrain.Model;

/// <summary>
/// Checkpoints of a stage: <c>checkpoint-&lt;step&gt;/{model.safetensors, config.json, optimizer.safetensors, trainer_state.json}</c>.
/// A folder of that name is complete: it is written under another name, flushed, and renamed.
/// </summary>
internal static class CheckpointFolder
{
    private const string Prefix = "checkpoint-";
    private const string OptimizerName = "optimizer.safetensors";
    private const string StateName = "trainer_state.json";
    private const string AverageKey = "exp_avg";
    private const string AverageSquaredKey = "exp_avg_sq";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes a checkpoint and removes the oldest beyond <paramref name="keep"/> that are not <paramref name="held"/>.</summary>
    public static void Save(string stageFolder, Network network, AdamWState optimizer, TrainerState state, int keep, Func<long, bool>? held)
    {
        string folder = Path.Combine(stageFolder, Prefix + state.Step.ToString(CultureInfo.InvariantCulture));
        string temporary = folder + DurableFile.TemporarySuffix;
        try
        {
            DurableFile.RemoveFolder(temporary);
            ModelFolder.Save(network, temporary);
            SafetensorsFile.Write(Path.Combine(temporary, OptimizerName),
            [
                Moments(AverageKey, optimizer.ExponentialAverage),
                Moments(AverageSquaredKey, optimizer.ExponentialAverageSquared),
            ]);
            DurableFile.WriteText(Path.Combine(temporary, StateName), JsonSerializer.Serialize(state, Indented) + "\n");
            // A run that went back to an older checkpoint writes this one again; the older ones stand while it is exchanged.
            DurableFile.RemoveFolder(folder);
            Directory.Move(temporary, folder);
            DurableFile.FlushFolder(stageFolder);
            foreach ((long _, string oldest) in Find(stageFolder).Skip(Math.Max(1, keep)).Where(old => held?.Invoke(old.Step) != true))
                DurableFile.RemoveFolder(oldest);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DurableFile.Failure("write", folder, exception);
        }
    }

    /// <summary>Restores the newest checkpoint that is sound.</summary>
    public static TrainerState? RestoreLatest(string stageFolder, Network network, AdamWState optimizer, Action<string>? warn)
    {
        foreach ((long step, string folder) in Find(stageFolder))
        {
            try
            {
                return Restore(folder, step, network, optimizer);
            }
            catch (ModelException exception)
            {
                warn?.Invoke($"Checkpoint '{folder}' is passed over: {exception.Message}");
            }
        }
        return null;
    }

    private static TrainerState Restore(string folder, long step, Network network, AdamWState optimizer)
    {
        TrainerState state = ReadState(Path.Combine(folder, StateName));
        if (state.Step != step)
            throw new ModelException($"Its {StateName} counts {state.Step} steps.");
        string optimizerPath = Path.Combine(folder, OptimizerName);
        using SafetensorsFile moments = SafetensorsFile.Open(optimizerPath);
        using SafetensorsFile weights = SafetensorsFile.Open(ModelFolder.WeightsPath(folder));
        List<Weight> averages =
        [
            new(AverageKey, optimizer.ExponentialAverage, optimizer.ExponentialAverage.shape, Initialisation.Zeros),
            new(AverageSquaredKey, optimizer.ExponentialAverageSquared, optimizer.ExponentialAverageSquared.shape, Initialisation.Zeros),
        ];
        // Both files are checked before either is copied, so that a damaged checkpoint changes nothing.
        ModelFolder.Check(averages, moments, optimizerPath);
        ModelFolder.Load(network.Weights(), weights, ModelFolder.WeightsPath(folder));
        ModelFolder.Load(averages, moments, optimizerPath);
        optimizer.Step = step;
        return state;
    }

    private static TrainerState ReadState(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<TrainerState>(File.ReadAllText(path)) ?? throw new ModelException($"'{path}' is empty.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DurableFile.Failure("read", path, exception);
        }
        catch (JsonException exception)
        {
            throw new ModelException($"'{path}' is not valid JSON.", exception);
        }
    }

    /// <summary>The checkpoints, newest first.</summary>
    private static List<(long Step, string Folder)> Find(string stageFolder)
    {
        List<(long Step, string Folder)> found = [];
        if (!Directory.Exists(stageFolder))
            return found;
        foreach (string folder in Directory.EnumerateDirectories(stageFolder, Prefix + "*"))
        {
            if (long.TryParse(Path.GetFileName(folder).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step))
                found.Add((step, folder));
        }
        found.Sort((left, right) => right.Step.CompareTo(left.Step));
        return found;
    }

    private static TensorToWrite Moments(string key, TorchSharp.torch.Tensor values) =>
        new(key, values.shape, () => values.cpu().data<float>().ToArray());
}
