using System.Text.Json;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

/// <summary>Small data of one modality in three classes, an untrained model for them, and the stages of a run on both.</summary>
internal sealed class SmallData
{
    private const int TrainSamples = 26, TestSamples = 18, SourceSamples = 21;

    /// <summary>Tokens of the text model: those that every byte-level vocabulary has, and some that are learnt.</summary>
    private const int Vocabulary = 320;

    private readonly Modality _modality;

    private SmallData(Modality modality, string folder)
    {
        _modality = modality;
        Model = Path.Combine(folder, "model");
        string ending = modality == Modality.Text ? ".jsonl" : "";
        (Train, Test, Source) = (Path.Combine(folder, "train" + ending), Path.Combine(folder, "test" + ending), Path.Combine(folder, "source" + ending));
    }

    /// <summary>The untrained model that runs start from.</summary>
    public string Model { get; }

    public string Train { get; }

    public string Test { get; }

    /// <summary>Samples of another domain.</summary>
    public string Source { get; }

    public DataPlan TrainPlan => Plan(Train, "data.train");

    /// <summary>Targets of a length that is the same for all samples, which never change: they can be cached.</summary>
    public StagePlan[] Stages => StagesOf(TrainPlan);

    /// <summary>Targets that must be computed live: of images that look different every time, of texts a target for each token.</summary>
    public StagePlan[] LiveStages => _modality == Modality.Text
        ? [.. Stages.Select(stage => stage.Kind == StageKind.Distill ? stage with { DistillTarget = DistillTarget.Tokens } : stage)]
        : StagesOf(TrainPlan with { CropPadding = 2, Flip = true });

    /// <summary>Further pre-training and distillation among whose samples others are replayed and, where they are images, mixed with others.</summary>
    public StagePlan[] ReplayingStages
    {
        get
        {
            var stages = LiveStages;
            var source = Plan(Source, "replay.source");
            return
            [
                stages[0] with { Source = source, ReplayRatio = 0.25, Mix = Mixing(MixKind.CutMix, MixScope.Source) },
                stages[1] with { Source = source, ReplayRatio = 0.4, Mix = Mixing(MixKind.MixUp, MixScope.Target) },
            ];
        }
    }

    public static async Task<SmallData> CreateAsync(Modality modality, string folder)
    {
        var data = new SmallData(modality, folder);
        if (modality == Modality.Images)
        {
            ModelFolder.CreateFresh(Plans.Shape, 1, data.Model);
            SyntheticImages.Write(data.Train, new SyntheticOptions { Domain = SyntheticDomain.Target, Images = TrainSamples, Size = Plans.ImageSize, Seed = 1 });
            SyntheticImages.Write(data.Test, new SyntheticOptions { Domain = SyntheticDomain.Target, Images = TestSamples, Size = Plans.ImageSize, Seed = 2 });
            SyntheticImages.Write(data.Source, new SyntheticOptions { Domain = SyntheticDomain.Source, Images = SourceSamples, Size = Plans.ImageSize, Seed = 3 });
            return data;
        }
        Directory.CreateDirectory(folder);
        WriteTexts(data.Train, TrainSamples, seed: 1);
        WriteTexts(data.Test, TestSamples, seed: 2);
        WriteTexts(data.Source, SourceSamples, seed: 3);
        string tokenizer = Path.Combine(folder, "tokenizer");
        await TokenizerTrainer.TrainAsync(Texts(data.Train), Vocabulary, tokenizer, CancellationToken.None);
        ModelFolder.CreateFresh(Plans.TextShape(Tokenizer.Open(tokenizer).VocabularySize), 1, data.Model, tokenizer);
        return data;
    }

    /// <summary>A data set of this modality.</summary>
    public DataPlan Plan(string location, string key) => _modality == Modality.Text ? Plans.Texts(location, key) : Plans.Data(location, key);

    /// <summary>Further pre-training, distillation, fine-tuning and an evaluation of its result.</summary>
    /// <param name="train">The training set.</param>
    public StagePlan[] StagesOf(DataPlan train)
    {
        var test = Plan(Test, "data.test");
        // What is pre-trained needs no labels and may be packed.
        var unlabelled = train.Text is { } text ? train with { Text = text with { Pack = true } } : train;
        return
        [
            Plans.Pretrain(unlabelled, Model),
            Plans.Distill(train, Model),
            Plans.Finetune(train, test, "stage:distillation"),
            Plans.Stage("evaluation", StageKind.Evaluate, "stage:fine-tuning", null) with { Test = test },
        ];
    }

    /// <summary>The final models are folders that others can load: with the files of the initial model's tokenizer, byte for byte.</summary>
    public void AssertComplete(IEnumerable<StageResult> results)
    {
        foreach (string file in Directory.EnumerateFiles(Model).Where(file => ModelFolder.TokenizerNames.Contains(Path.GetFileName(file))))
            Assert.All(results, result => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(result.ModelFolder, Path.GetFileName(file)))));
    }

    /// <summary>Breaks a sample of a copy of the training set.</summary>
    /// <param name="copy">Where the copy goes.</param>
    /// <returns>The name of what is broken.</returns>
    public string BreakOne(string copy)
    {
        if (_modality == Modality.Text)
        {
            string[] lines = File.ReadAllLines(Train);
            lines[3] = lines[3][..10];
            File.WriteAllLines(copy, lines);
            return $"{Path.GetFileName(copy)}, line 4";
        }
        CopyTo(copy);
        string broken = Directory.EnumerateFiles(copy, "*.png", SearchOption.AllDirectories).Order().ElementAt(3);
        File.WriteAllBytes(broken, File.ReadAllBytes(broken)[..60]);
        return Path.GetFileName(broken);
    }

    /// <summary>Takes a sample out of the training set's copy.</summary>
    public void TakeOneOut(string copy)
    {
        if (_modality == Modality.Text)
            File.WriteAllLines(copy, File.ReadAllLines(copy)[1..]);
        else
            File.Delete(Directory.EnumerateFiles(copy, "*.png", SearchOption.AllDirectories).Order().First());
    }

    /// <summary>Copies the training set.</summary>
    public void CopyTo(string copy)
    {
        if (_modality == Modality.Text)
            File.Copy(Train, copy);
        else
            CopyFolder(Train, copy);
    }

    public static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private MixPlan? Mixing(MixKind kind, MixScope scope) =>
        _modality == Modality.Text ? null : new MixPlan { Kind = kind, Alpha = 0.8, Scope = scope };

    /// <summary>Documents of a few words, some of which tell the class.</summary>
    private static void WriteTexts(string file, int count, int seed)
    {
        string[] classes = ["birds", "ships", "stars"];
        string[][] words = [["wing", "nest", "feather"], ["sail", "anchor", "harbour"], ["orbit", "light", "nebula"]];
        string[] common = ["the", "of", "and", "a", "under", "seen", "little", "old"];
        var random = new Random(seed);
        File.WriteAllLines(file, Enumerable.Range(0, count).Select(document =>
        {
            int label = document % classes.Length;
            var chosen = Enumerable.Range(0, 1 + document % 10).Select(_ => random.Next(2) == 0 ? common[random.Next(common.Length)] : words[label][random.Next(3)]);
            return JsonSerializer.Serialize(new { text = string.Join(' ', chosen), label = classes[label] });
        }));
    }

    private static async IAsyncEnumerable<string> Texts(string file)
    {
        await foreach (string line in File.ReadLinesAsync(file))
            yield return JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!;
    }
}
