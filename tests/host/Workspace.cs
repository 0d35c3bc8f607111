using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

/// <summary>A temporary folder with small images and a fresh model, for one test.</summary>
public sealed class Workspace : IDisposable
{
    /// <summary>A sound JPEG of 16 × 16 pixels.</summary>
    public static byte[] Jpeg { get; } = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUX"
        + "Fx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAQABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAA"
        + "AAAAAAAAAAP/xAAbEAABBAMAAAAAAAAAAAAAAAABAgQRIQATMf/EABUBAQEAAAAAAAAAAAAAAAAAAAME/8QAHBEAAQMFAAAAAAAAAAAAAAAAABMUIyRhYqHw/9oADAMB"
        + "AAIRAxEAPwCLp1ohKRKzd8Aw1db5SoQsXXCMOmu+FJMLFXwjDVrolSjKzVcAwqZtl2imVWx//9k=");

    public string Folder { get; } = Directory.CreateTempSubdirectory("actortrain-host-").FullName;

    public string File(params string[] parts) => Path.Combine([Folder, .. parts]);

    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] content)
    {
        string path = File(name.Split('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>A data set of six classes.</summary>
    public string Images(string name, int count = 24, SyntheticDomain domain = SyntheticDomain.Target)
    {
        string path = File(name);
        SyntheticImages.Write(path, new SyntheticOptions { Domain = domain, Images = count, Seed = 5 });
        return path;
    }

    /// <summary>An untrained ViT-MAE.</summary>
    public string Model(string name)
    {
        string path = File(name);
        ModelFolder.CreateFresh(ModelPresets.Tiny32, 3, path);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
