using System.CommandLine;
using ActorTrain.Model;

namespace ActorTrain.Host.Commands;

/// <summary><c>model inspect</c>.</summary>
internal static class ModelCommands
{
    public static Command Inspect()
    {
        var folder = new Argument<string>("folder") { Description = "A Hugging Face folder: config.json and model.safetensors." };
        var command = new Command("inspect", "Say what a model is: its shape, and every tensor.") { folder };
        command.SetAction(parsed => Show(parsed.GetRequiredValue(folder)));
        return command;
    }

    private static void Show(string folder)
    {
        ModelConfiguration shape = ModelFolder.ReadConfiguration(folder);
        IReadOnlyList<SafetensorsEntry> tensors = ModelFolder.Inspect(folder);
        Console.WriteLine($"kind         {shape.Kind}");
        if (shape is VitConfiguration images)
            Console.WriteLine($"images       {images.ImageSize} × {images.ImageSize} pixels, patches of {images.PatchSize} × {images.PatchSize}");
        if (shape is RobertaConfiguration text)
            Console.WriteLine($"text         {text.VocabularySize:N0} tokens, sequences of up to {text.MaxLength}");
        Console.WriteLine($"encoder      {shape.Layers} layers, {shape.Width} wide, {shape.Heads} heads");
        if (shape is VitConfiguration { DecoderLayers: > 0 } painter)
            Console.WriteLine($"decoder      {painter.DecoderLayers} layers, {painter.DecoderWidth} wide, {painter.DecoderHeads} heads");
        if (shape.IsClassifier)
            Console.WriteLine($"classes      {string.Join(", ", shape.ClassNames)}");
        Console.WriteLine($"parameters   {tensors.Sum(tensor => tensor.Count):N0}");
        Console.WriteLine($"sha-256      {ModelFolder.Fingerprint(folder)}");
        foreach (SafetensorsEntry tensor in tensors)
            Console.WriteLine($"{tensor.Dtype,-5} {$"[{string.Join(", ", tensor.Shape)}]",-20} {tensor.Name}");
    }
}
