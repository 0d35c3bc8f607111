using System.CommandLine;
using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Commands;

/// <summary><c>pretrain</c>, <c>distill</c>, <c>finetune</c>, <c>evaluate</c>: one stage, with options mapped on the same configuration.</summary>
internal static class StageCommands
{
    private const string ModelHelp = "A Hugging Face folder, or a preset (preset:tiny-32, preset:tiny-text) for fresh weights";

    private const string DataHelp = "Images (a folder, tar shards) or text (JSON lines, plain text), or their address";
    private const string LabelledHelp = "Labelled images (a folder per class, tar shards) or text (JSON lines), or their address";

    /// <summary>An option that stands for a configuration key.</summary>
    private sealed record Mapped(string Name, string Key, string Description, bool Required = false);

    public static Command Pretrain() => Build(StageKind.Pretrain, "Further pre-train a ViT-MAE on images, or a RoBERTa on text, without labels.",
    [
        new("--model", "model.from", ModelHelp, true),
        new("--data", "data.unlabelled", DataHelp, true),
        .. Training("pretrain"),
    ]);

    public static Command Distill() => Build(StageKind.Distill, "Self-distil: adapt a ViT-MAE or a RoBERTa while staying near an adapted teacher's representations.",
    [
        new("--model", "model.from", ModelHelp, true),
        new("--teacher", "distill.teacher", "The teacher, a Hugging Face folder, such as pretrain's result", true),
        new("--data", "data.unlabelled", DataHelp, true),
        .. Training("distill"),
    ]);

    public static Command Finetune() => Build(StageKind.Finetune, "Fine-tune a classifier on labelled images or text, and evaluate it.",
    [
        new("--model", "model.from", ModelHelp, true),
        new("--data", "data.train", LabelledHelp, true),
        new("--test", "data.test", "Labelled test samples, in the same forms"),
        .. Training("finetune"),
    ]);

    public static Command Evaluate() => Build(StageKind.Evaluate, "Evaluate a fine-tuned classifier on labelled images or text.",
    [
        new("--model", "model.from", "A Hugging Face folder of a classifier", true),
        new("--data", "data.test", LabelledHelp, true),
    ]);

    private static Mapped[] Training(string section) =>
    [
        new("--steps", $"{section}.steps", "Optimiser steps"),
        new("--batch-size", $"{section}.batch-size", "Samples a step"),
        new("--learning-rate", $"{section}.learning-rate", "AdamW's highest learning rate"),
        new("--seed", "run.seeds", "Seed of everything random"),
    ];

    private static Command Build(StageKind kind, string description, Mapped[] mapped)
    {
        string name = kind.ToString().ToLowerInvariant();
        var command = new Command(name, description + " The same command resumes.");
        var options = mapped.ToDictionary(
            option => option.Key,
            option => new Option<string?>(option.Name) { Description = $"{option.Description} ({option.Key}).", Required = option.Required, HelpName = "value" });
        var file = new Option<string?>("--config") { Description = "A HOCON file with further settings.", HelpName = "file" };
        foreach (Option<string?> option in options.Values)
            command.Add(option);
        command.Add(file);
        var common = new CommonOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            string? path = parsed.GetValue(file);
            RunConfiguration configuration = common.Load(parsed, path is null ? [] : [RunConfiguration.File(path)],
                options.Where(option => parsed.GetValue(option.Value) is not null).Select(option => $"{option.Key}={parsed.GetValue(option.Value)}"));
            Settings settings = Settings.Read(configuration, name);
            using var interruption = new Interruption();
            var session = new RunSession(configuration, settings, interruption.Token);
            return await session.ExecuteAsync(cancel => RunPlanBuilder.CheckAndBuildSingleAsync(kind, configuration, settings, cancel), RunSession.InThisProcess);
        });
        return command;
    }
}
