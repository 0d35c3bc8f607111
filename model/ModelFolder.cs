using System.Security.Cryptography;
using TorchSharp;

namespace ActorTrain.Model;

/// <summary>Hugging Face model folders: <c>config.json</c> and <c>model.safetensors</c> under transformers' key names.</summary>
public static class ModelFolder
{
    /// <summary>The weights' file name.</summary>
    public const string WeightsName = "model.safetensors";

    /// <summary>The shape's file name.</summary>
    public const string ConfigurationName = ConfigurationFile.Name;

    /// <summary>The files that a tokenizer may consist of; they travel with a text model.</summary>
    public static IReadOnlyList<string> TokenizerNames { get; } =
        ["vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];

    private static readonly string[] EncoderPrefixes = ["vit.", "roberta."];

    /// <summary>Tensors that transformers may write and nothing here needs; the language model's decoder is the word embeddings.</summary>
    private static readonly string[] OptionalPrefixes = ["vit.pooler.", "roberta.pooler.", "roberta.embeddings.position_ids", "lm_head.decoder."];

    /// <summary>Writes an untrained model, as it is before fine-tuning.</summary>
    /// <param name="configuration">Its shape.</param>
    /// <param name="seed">Decides the weights.</param>
    /// <param name="folder">Where to; made if absent.</param>
    /// <param name="tokenizerFolder">Where a text model's tokenizer is, whose files are copied.</param>
    /// <exception cref="ModelException">No network can have that shape, or the folder cannot be written.</exception>
    public static void CreateFresh(ModelConfiguration configuration, ulong seed, string folder, string? tokenizerFolder = null)
    {
        using MaskedNetwork network = configuration.Validated("What is asked for").CreateMasked(new NetworkOptions(torch.CPU));
        FreshWeights.Fill(network.Weights(), seed);
        Save(network, folder);
        if (tokenizerFolder is not null)
            CopyTokenizer(tokenizerFolder, folder);
    }

    /// <summary>Reads and checks <c>config.json</c>.</summary>
    /// <exception cref="ModelException">It is missing or describes no network that is known here.</exception>
    public static ModelConfiguration ReadConfiguration(string folder) => ConfigurationFile.Read(folder);

    /// <summary>Names, dtypes and shapes of the tensors, in the order of their names.</summary>
    /// <exception cref="ModelException">The weights' file is missing or not sound.</exception>
    public static IReadOnlyList<SafetensorsEntry> Inspect(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(WeightsPath(folder));
        return [.. file.Entries.Values.OrderBy(entry => entry.Name, StringComparer.Ordinal)];
    }

    /// <summary>SHA-256 of the weights' file in lower-case hexadecimal.</summary>
    /// <exception cref="ModelException">The file cannot be read.</exception>
    public static string Fingerprint(string folder)
    {
        try
        {
            using FileStream stream = File.OpenRead(WeightsPath(folder));
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DurableFile.Failure("read", WeightsPath(folder), exception);
        }
    }

    /// <summary>‖θ_A − θ_B‖₂ over the encoder tensors that both folders hold; decoder, language model's head and classifier do not count.</summary>
    /// <exception cref="ModelException">A file is not sound, or a tensor has another shape in the other.</exception>
    public static double EncoderDistance(string folderA, string folderB)
    {
        using SafetensorsFile fileA = SafetensorsFile.Open(WeightsPath(folderA));
        using SafetensorsFile fileB = SafetensorsFile.Open(WeightsPath(folderB));
        double sum = 0;
        foreach (string key in fileA.Entries.Keys.Where(IsEncoder).Where(fileB.Entries.ContainsKey).Order(StringComparer.Ordinal))
        {
            if (!fileA.Entries[key].Shape.SequenceEqual(fileB.Entries[key].Shape))
                throw new ModelException($"'{folderA}' and '{folderB}' hold tensor '{key}' in different shapes; compare models of one shape.");
            (float[] a, float[] b) = (fileA.Read(key), fileB.Read(key));
            for (int index = 0; index < a.Length; index++)
            {
                double difference = (double)a[index] - b[index];
                sum += difference * difference;
            }
        }
        return Math.Sqrt(sum);

        static bool IsEncoder(string key) => StartsWithAny(key, EncoderPrefixes) && !StartsWithAny(key, OptionalPrefixes);
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>.</summary>
    internal static void Save(Network network, string folder)
    {
        CreateFolder(folder);
        DurableFile.WriteText(Path.Combine(folder, ConfigurationFile.Name), ConfigurationFile.Write(network.Configuration));
        SafetensorsFile.Write(
            WeightsPath(folder), network.Weights().Select(weight => new TensorToWrite(weight.Key, weight.Shape, weight.Get)));
    }

    /// <summary>Fills a whole network from a folder.</summary>
    internal static void Load(Network network, string folder) => Load(network.Weights(), folder);

    /// <summary>Fills an encoder from a folder, whatever decoder or head comes with it.</summary>
    internal static void LoadEncoder(EncoderNetwork encoder, string folder) =>
        Load(encoder.Weights(), folder, "decoder.", "lm_head.", "classifier.");

    /// <summary>Copies the tokenizer's files that there are, byte for byte.</summary>
    internal static void CopyTokenizer(string from, string to)
    {
        foreach (string name in TokenizerNames)
        {
            string path = Path.Combine(from, name);
            if (File.Exists(path))
                DurableFile.Write(Path.Combine(to, name), stream => Copy(path, stream));
        }
    }

    /// <summary>Fills tensors from an opened file after every key, shape and dtype was found right.</summary>
    /// <exception cref="ModelException">Names every mismatch.</exception>
    internal static void Load(IEnumerable<Weight> weights, SafetensorsFile file, string path, params string[] ignoredPrefixes)
    {
        List<Weight> wanted = [.. weights];
        Check(wanted, file, path, ignoredPrefixes);
        foreach (Weight weight in wanted)
            weight.Set(file.Read(weight.Key));
    }

    /// <summary>Compares every key, shape and dtype with what is wanted.</summary>
    /// <exception cref="ModelException">Names every mismatch.</exception>
    internal static void Check(IReadOnlyList<Weight> wanted, SafetensorsFile file, string path, params string[] ignoredPrefixes)
    {
        List<string> faults = [];
        foreach (Weight weight in wanted)
        {
            if (!file.Entries.TryGetValue(weight.Key, out SafetensorsEntry? entry))
                faults.Add($"'{weight.Key}' is missing");
            else if (entry.Dtype is not ("F32" or "F16" or "BF16"))
                faults.Add($"'{weight.Key}' is {entry.Dtype} but must be F32, F16 or BF16");
            else if (!entry.Shape.SequenceEqual(weight.Shape))
                faults.Add($"'{weight.Key}' has shape [{string.Join(", ", entry.Shape)}] but must have [{string.Join(", ", weight.Shape)}]");
        }
        HashSet<string> known = [.. wanted.Select(weight => weight.Key)];
        foreach (string key in file.Entries.Keys.Order(StringComparer.Ordinal))
        {
            if (!known.Contains(key) && !StartsWithAny(key, ignoredPrefixes) && !StartsWithAny(key, OptionalPrefixes))
                faults.Add($"'{key}' is unexpected");
        }
        if (faults.Count > 0)
            throw new ModelException($"'{path}' does not fit the {ConfigurationFile.Name} beside it ({(faults.Count == 1 ? "1 mismatch" : $"{faults.Count} mismatches")}): {string.Join("; ", faults)}; take both files from the same model.");
    }

    /// <summary>Where a folder's weights are.</summary>
    internal static string WeightsPath(string folder) => Path.Combine(folder, WeightsName);

    /// <summary>Makes a folder.</summary>
    internal static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DurableFile.Failure("create", folder, exception);
        }
    }

    private static void Load(IEnumerable<Weight> weights, string folder, params string[] ignoredPrefixes)
    {
        using SafetensorsFile file = SafetensorsFile.Open(WeightsPath(folder));
        Load(weights, file, WeightsPath(folder), ignoredPrefixes);
    }

    private static void Copy(string path, Stream target)
    {
        using FileStream source = File.OpenRead(path);
        source.CopyTo(target);
    }

    private static bool StartsWithAny(string key, string[] prefixes) => prefixes.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal));
}
