namespace ActorTrain.DataPipeline.Text;

/// <summary>A run of lines: a file, or what was unpacked from one, or a member of an archive.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Path">The file that holds it, in the data's store or in the cache directory.</param>
/// <param name="Unpacked">Whether that file lies in the cache directory.</param>
/// <param name="Plain">Whether a line is a document, and no JSON.</param>
/// <param name="Start">Where it starts in that file.</param>
/// <param name="Length">Its bytes.</param>
internal sealed record TextPart(string Name, string Path, bool Unpacked, bool Plain, long Start, long Length);
