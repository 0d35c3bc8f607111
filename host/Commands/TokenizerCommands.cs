using System.CommandLine;
using System.Runtime.CompilerServices;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Commands;

/// <summary><c>tokenizer train</c>.</summary>
internal static class TokenizerCommands
{
    public static Command Train()
    {
        var files = new Argument<string[]>("files")
        {
            Description = "Text, each in any form of source.data: .jsonl, .txt, .gz, .tar, a brace pattern, a folder, an address.",
            Arity = ArgumentArity.OneOrMore,
        };
        var vocabulary = new Option<int>("--vocab") { Description = "Tokens: special tokens, bytes and merges.", HelpName = "number", DefaultValueFactory = _ => 8000 };
        var folder = new Option<string>("--out") { Description = "Where vocab.json and merges.txt are written; a folder that holds none yet.", HelpName = "folder", Required = true };
        vocabulary.Accept(TokenizerTrainer.SmallestVocabulary, 1 << 20);
        var command = new Command("train", "Train a byte-level BPE tokenizer, for a preset for text (text.tokenizer). The same text gives the same tokenizer.") { files, vocabulary, folder };
        var common = new CommonOptions(command);
        command.SetAction((parsed, _) => Interruption.UnlessInterruptedAsync(async cancel =>
        {
            Settings settings = Settings.Read(common.Load(parsed, [], []), "tokenizer");
            string home = parsed.GetRequiredValue(folder);
            IAsyncEnumerable<string> texts = TextsAsync(settings, parsed.GetRequiredValue(files), cancel);
            int tokens = await TokenizerTrainer.TrainAsync(texts, parsed.GetValue(vocabulary), home, cancel);
            Console.WriteLine($"A tokenizer of {tokens} tokens is in {home}.");
        }));
        return command;
    }

    /// <summary>The documents of all locations, one after the other.</summary>
    private static async IAsyncEnumerable<string> TextsAsync(Settings settings, string[] locations, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (string location in locations)
        {
            var options = new SourceOptions { Location = location, Key = "files", CacheDirectory = settings.CacheFolder };
            await using ITextDocuments documents = await OpeningDisplay.ShowAsync(options,
                shown => TextSources.OpenDocumentsAsync(shown, settings.TextOptions(pack: false, batchSize: 1) with { LabelField = null }, cancel));
            await foreach (string text in documents.TextsAsync(cancel))
                yield return text;
        }
    }
}
