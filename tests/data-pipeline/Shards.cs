using System.Formats.Tar;
using System.Text;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Makes tar shards with the base library's writer.</summary>
internal static class Shards
{
    public static byte[] Make(TarEntryFormat format, params IEnumerable<(string Name, byte[] Content)> members)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, format, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, name),
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, name),
                    _ => new GnuTarEntry(TarEntryType.RegularFile, name),
                };
                entry.DataStream = new MemoryStream(content);
                writer.WriteEntry(entry);
            }
        }
        return stream.ToArray();
    }

    /// <summary>Samples with small PNG images; the label of sample i is i % classes.</summary>
    public static byte[] MakeSamples(int first, int count, int classes, TarEntryFormat format = TarEntryFormat.Ustar) =>
        Make(format, Enumerable.Range(first, count).SelectMany(i => new[]
        {
            ($"{i:D6}.cls", Encoding.ASCII.GetBytes($"{i % classes}\n")),
            ($"{i:D6}.png", Image(i)),
        }));

    public static byte[] Image(int number) => PngWriter.Encode([.. Enumerable.Repeat((byte)number, 48)], 4, 4);
}
