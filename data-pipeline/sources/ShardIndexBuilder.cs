using System.Globalization;
using System.Text;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>
/// Walks shards and groups their members into samples by the WebDataset convention: adjacent members whose paths agree up to the
/// first dot of the file name; the lower-cased rest says what a member is (jpg, jpeg, png: the image; cls: the label as a number).
/// </summary>
internal sealed class ShardIndexBuilder(IFileStore store, ShardIndex.Writer writer)
{
    private const int MaxLabelBytes = 64;
    private const int MaxLabel = 1_000_000;

    private string? _key;
    private TarMember? _image;
    private int _label = -1;
    private bool? _labelled;

    /// <param name="shard">Its number.</param>
    /// <param name="file">The archive.</param>
    /// <param name="reached">Told the offset of every member.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">A shard is damaged or breaks the convention.</exception>
    public async Task AddShardAsync(int shard, StoredFile file, Action<long> reached, CancellationToken cancel)
    {
        var tar = new TarReader(store, file);
        long last = 0;
        await foreach (var member in tar.ReadMembersAsync(cancel))
        {
            reached(member.HeaderOffset);
            var (key, extension) = KeyOf(member.Name);
            if (extension != "cls" && !IsImageExtension(extension))
                continue;
            if (member.Type != '0')
                throw tar.Damaged(member.HeaderOffset, $"{member.Name} is a link or a special file, not an image or label");
            if (key != _key)
                Finish(tar, shard, last);
            (_key, last) = (key, member.HeaderOffset);
            if (extension == "cls")
                _label = await ReadLabelAsync(tar, member, cancel);
            else if (_image is not null)
                throw tar.Damaged(member.HeaderOffset, $"the sample {key} has a second image");
            else if (member.Length > SampleSources.MaxSampleBytes)
                throw tar.Damaged(member.HeaderOffset, $"{member.Name} has {member.Length} bytes, more than the {SampleSources.MaxSampleBytes} an image may have");
            else
                _image = member;
        }
        Finish(tar, shard, last);
    }

    /// <summary>Whether a member's name is that of a sample's image.</summary>
    public static bool IsImage(string name) => IsImageExtension(KeyOf(name).Extension);

    private void Finish(TarReader tar, int shard, long at)
    {
        if (_key is null)
            return;
        var image = _image ?? throw tar.Damaged(at, $"the sample {_key} has a label and no image beside it");
        _labelled ??= _label >= 0;
        if (_labelled != _label >= 0)
            throw tar.Damaged(image.HeaderOffset, $"the sample {_key} has {(_label >= 0 ? "a label and others have" : "no label and others have one")}; label all samples or none");
        writer.Add(new ShardRecord(shard, _label, image.Offset, image.Length), image.Name);
        (_key, _image, _label) = (null, null, -1);
    }

    private static async Task<int> ReadLabelAsync(TarReader tar, TarMember member, CancellationToken cancel)
    {
        if (member.Length <= MaxLabelBytes)
        {
            var text = await tar.ReadAsync(member.Offset, (int)member.Length, cancel);
            if (int.TryParse(Encoding.UTF8.GetString(text.Span).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int label) && label <= MaxLabel)
                return label;
        }
        throw tar.Damaged(member.HeaderOffset, $"{member.Name} is no label, which is a number from 0 to {MaxLabel}");
    }

    private static bool IsImageExtension(string extension) => extension is "jpg" or "jpeg" or "png";

    private static (string Key, string Extension) KeyOf(string name)
    {
        int dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
        return dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..].ToLowerInvariant());
    }
}
