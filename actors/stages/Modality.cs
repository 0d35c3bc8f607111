using ActorTrain.Actors.Messages;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Actors.Stages;

/// <summary>A model without its weights.</summary>
/// <param name="Configuration">Its shape.</param>
/// <param name="Folder">A folder of this node with all its files but the weights; empty for a preset.</param>
internal sealed record ModelShape(ModelConfiguration Configuration, string Folder);

/// <summary>
/// How a stage's samples are opened, loaded and masked; its initial model decides. Students, teachers and evaluators need none of it:
/// to them a batch is what their model takes in.
/// </summary>
internal abstract class Modality(StagePlan plan)
{
    /// <summary>The classes that the initial model tells apart; empty before the fine-tuning.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    protected StagePlan Plan => plan;

    /// <exception cref="DataException">The model's tokenizer cannot be opened.</exception>
    /// <exception cref="RunException">It does not fit the model.</exception>
    public static Modality Of(StagePlan plan, ModelShape shape) => shape.Configuration switch
    {
        VitConfiguration vit => new ImageModality(plan, vit),
        RobertaConfiguration roberta => TextModality.Open(plan, roberta, shape.Folder),
        _ => throw new RunException($"Stage '{plan.Name}' cannot train the kind of model in {plan.Initial}; name a ViT-MAE or a RoBERTa."),
    };

    /// <summary>Opens one of the stage's data sets.</summary>
    /// <param name="split">Which one.</param>
    /// <param name="options">The data set, as far as it does not depend on the modality.</param>
    /// <param name="source">What is replayed or mixed in among its samples; null for nothing.</param>
    /// <param name="cancel">Ends the opening.</param>
    /// <exception cref="DataException">It cannot be opened.</exception>
    /// <exception cref="RunException">It does not fit the model.</exception>
    public abstract Task<StageSource> OpenAsync(DataSplit split, SourceOptions options, StageSource? source, CancellationToken cancel);

    /// <summary>The samples of a batch with what is masked of them: a function of the plan and the samples' numbers and epochs.</summary>
    public abstract SampleInputs Masked(InputBatch batch);

    /// <summary>The way out where a data set has no labels, as the end of a sentence.</summary>
    public abstract string HowToLabel(DataPlan data);

    /// <summary>The order in which training draws a data set's samples.</summary>
    protected SampleOrder Order(IDataSet set, DataSplit split) => new(set.Count, plan.Seed, plan.DataOf(split)!.OrderBlock,
        split == DataSplit.Source ? RandomPurpose.ReplayOrder : RandomPurpose.Order);

    /// <summary>A loader of a data set's samples, with what is replayed among them.</summary>
    protected ISampleLoader WithReplay(ISampleLoader loader, IDataSet set, ISampleLoader? source) =>
        source is null ? loader : new ReplayLoader(loader, set.Count, source, plan.BatchSize, plan.ReplayedSamples);
}

/// <summary>Images for a vision transformer.</summary>
internal sealed class ImageModality(StagePlan plan, VitConfiguration configuration) : Modality(plan)
{
    public override IReadOnlyList<string> ClassNames => configuration.ClassNames;

    public override async Task<StageSource> OpenAsync(DataSplit split, SourceOptions options, StageSource? source, CancellationToken cancel)
    {
        var data = Plan.DataOf(split)!;
        if (data.Text is not null)
            throw new RunException($"Stage '{Plan.Name}' reads {data.Key} as text, but its model ({Plan.Initial}) takes images; name a text model.");
        if (data.ImageSize != configuration.ImageSize)
            throw new RunException($"Stage '{Plan.Name}' resizes {data.Key} to {data.ImageSize} pixels, but its model ({Plan.Initial}) "
                + $"takes {configuration.ImageSize}; make the two equal.");
        var set = await SampleSources.OpenAsync(options, cancel);
        var images = new ImageOptions
        {
            Size = data.ImageSize,
            CropPadding = data.CropPadding,
            Flip = data.Flip,
            SkipBroken = data.SkipBroken,
            DecodedCacheBytes = data.DecodedCacheBytes,
        };
        return new StageSource(set, NewLoader, Source: source);

        ISampleLoader NewLoader()
        {
            var partners = source?.NewLoader();
            return WithReplay(new ImageLoader(set, images, Plan.Seed, Order(set, split), split == DataSplit.Train ? Mixing(partners) : null), set, partners);
        }
    }

    private ImageMixing? Mixing(ISampleLoader? source) => Plan.Mix is not { } mix ? null : new ImageMixing
    {
        Kind = mix.Kind,
        Alpha = mix.Alpha,
        Partners = mix.Scope == MixScope.Source ? (ImageLoader)source! : null,
    };

    /// <summary>Chooses the patches that stay visible.</summary>
    public override SampleInputs Masked(InputBatch batch)
    {
        int patches = configuration.Patches;
        int kept = PatchMask.KeptCount(patches, Plan.MaskRatio);
        var visible = new int[batch.Samples.Length * kept];
        for (int i = 0; i < batch.Samples.Length; i++)
            PatchMask.Keep(Plan.Seed, batch.Epochs[i], batch.Samples[i], patches, visible.AsSpan(i * kept, kept));
        return batch.Inputs with { Images = batch.Inputs.Images! with { KeptPatches = visible } };
    }

    public override string HowToLabel(DataPlan data) => "point it at a folder with one folder per class";
}

/// <summary>Texts for a language model, read with the tokenizer that lies beside its weights.</summary>
internal sealed class TextModality : Modality
{
    private readonly RobertaConfiguration _configuration;
    private readonly Tokenizer _tokenizer;

    private TextModality(StagePlan plan, RobertaConfiguration configuration, Tokenizer tokenizer)
        : base(plan) => (_configuration, _tokenizer) = (configuration, tokenizer);

    public override IReadOnlyList<string> ClassNames => _configuration.ClassNames;

    public static TextModality Open(StagePlan plan, RobertaConfiguration configuration, string folder)
    {
        var tokenizer = Tokenizer.Open(folder);
        if (tokenizer.VocabularySize > configuration.VocabularySize)
            throw new RunException($"The tokenizer of {plan.Initial} has {tokenizer.VocabularySize} tokens, but the model beside it knows "
                + $"{configuration.VocabularySize}; take both from the same model.");
        if ((tokenizer.Begin, tokenizer.Pad, tokenizer.End) != (configuration.BeginToken, configuration.PadToken, configuration.EndToken))
            throw new RunException($"The tokenizer of {plan.Initial} begins, pads and ends with tokens {tokenizer.Begin}, {tokenizer.Pad} and {tokenizer.End}, but the "
                + $"model beside it with {configuration.BeginToken}, {configuration.PadToken} and {configuration.EndToken}; take both from the same model.");
        return new TextModality(plan, configuration, tokenizer);
    }

    public override async Task<StageSource> OpenAsync(DataSplit split, SourceOptions options, StageSource? source, CancellationToken cancel)
    {
        var data = Plan.DataOf(split)!;
        if (data.Text is not { } text)
            throw new RunException($"Stage '{Plan.Name}' reads {data.Key} as images, but its model ({Plan.Initial}) takes text; name a model of images.");
        if (text.MaxLength > _configuration.MaxLength)
            throw new RunException($"Stage '{Plan.Name}' cuts {data.Key} into sequences of {text.MaxLength} tokens, but its model ({Plan.Initial}) has "
                + $"positions for {_configuration.MaxLength}; make the sequences shorter.");
        var sequences = new TextOptions
        {
            MaxLength = text.MaxLength,
            Pack = text.Pack,
            TextField = text.TextField,
            // A limit or what is held out takes its share of every class, so that it takes the same documents in every stage.
            LabelField = Plan.Kind is StageKind.Pretrain or StageKind.Distill && !data.IsDrawn ? null : text.LabelField,
            PairField = text.PairField,
            BatchSize = split == DataSplit.Source ? Plan.ReplayedSamples : Plan.BatchSize - Plan.ReplayedSamples,
            BucketBatches = text.BucketBatches,
            SkipBroken = data.SkipBroken,
        };
        var set = await TextSources.OpenAsync(options, sequences, _tokenizer, cancel);
        return new StageSource(set, () => WithReplay(new TextLoader(set, sequences, Plan.Seed, Order(set, split)), set, source?.NewLoader()),
            LossesOf(set, data.Key, text.MaxLength), source);
    }

    /// <summary>Chooses the tokens to predict and what stands in their place.</summary>
    public override SampleInputs Masked(InputBatch batch)
    {
        var texts = batch.Inputs.Texts!;
        List<int> positions = [], replacements = [];
        int offset = 0;
        for (int i = 0; i < batch.Samples.Length; i++)
        {
            TokenMask.Choose(_tokenizer, Plan.Seed, batch.Epochs[i], batch.Samples[i], texts.Tokens.AsSpan(offset, texts.Lengths[i]), Plan.MaskRatio,
                Plan.Train!.Text!.WholeWord, offset, positions, replacements);
            offset += texts.Lengths[i];
        }
        return batch.Inputs with { Texts = texts with { MaskedPositions = [.. positions], MaskedTokens = [.. replacements] } };
    }

    private static string? LossesOf(ITextSource source, string key, int maxLength)
    {
        List<string> losses = [];
        if (source.TruncatedDocuments > 0)
            losses.Add($"{source.TruncatedDocuments} documents are longer than {maxLength} tokens and lost {source.TruncatedTokens} of theirs");
        if (source.SkippedLines > 0)
            losses.Add($"{source.SkippedLines} broken lines were passed over");
        if (source.BlankLines > 0)
            losses.Add($"{source.BlankLines} blank lines are no documents");
        return losses.Count == 0 ? null : $"of {key}, {string.Join(", and ", losses)}.";
    }

    public override string HowToLabel(DataPlan data) => $"give its documents the field '{data.Text!.LabelField}'";
}
