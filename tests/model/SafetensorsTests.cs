using System.Buffers.Binary;
using System.Text;
using ActorTrain.Tests;

namespace ActorTrain.Model.Tests;

public sealed class SafetensorsTests
{
    private static readonly float[] Values = [1.5f, -2.25f, 0, float.MaxValue, 3.25e-20f, -0.5f];

    [Fact]
    public void What_was_written_is_read_again()
    {
        using TemporaryFolder folder = new();
        Write(folder["a"], ("matrix", [2, 3], Values), ("scalar", [], [7f]), ("empty", [0, 4], []));
        using SafetensorsFile file = SafetensorsFile.Open(folder["a"]);
        Assert.Equal(Values, file.Read("matrix"));
        Assert.Equal([7f], file.Read("scalar"));
        Assert.Empty(file.Read("empty"));
        Assert.Equal([2, 3], file.Entries["matrix"].Shape);
        Assert.Equal("F32", file.Entries["matrix"].Dtype);
        Assert.Equal(0, file.Entries["matrix"].Offset % 8);
        Assert.Equal([folder["a"]], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Half_precision_is_read_as_float()
    {
        using TemporaryFolder folder = new();
        // 1, -2, 65504, 2^-24 as float16; 1, -2, 3.3895314e38, 2^-133 as bfloat16 (IEEE 754 and Intel's bfloat16 white paper).
        byte[] data = [0, 0x3C, 0, 0xC0, 0xFF, 0x7B, 1, 0, 0x80, 0x3F, 0, 0xC0, 0x7F, 0x7F, 1, 0];
        WriteRaw(folder["a"], """{"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]}}""", data);
        using SafetensorsFile file = SafetensorsFile.Open(folder["a"]);
        Assert.Equal([1f, -2f, 65504f, MathF.Pow(2, -24)], file.Read("h"));
        Assert.Equal([1f, -2f, 3.3895314e38f, MathF.Pow(2, -133)], file.Read("b"));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "'b' overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "a gap of 4 bytes lies before tensor 'b'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "a gap of 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "4 bytes follow the last tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "at bytes 0 to 8 of 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "at bytes 4 to 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes but has 8")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}""", 5, "not aligned")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}}""", 4, "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}""", 4, "no dtype, shape of whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "no dtype, shape of whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "pair of data_offsets")]
    [InlineData("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown dtype 'F33'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "'a' twice")]
    [InlineData("""{"a":3}""", 0, "no dtype")]
    [InlineData("[]", 0, "not a JSON object")]
    [InlineData("{\"a\":", 0, "not valid JSON")]
    [InlineData("{\"\\ud800\":{}}", 0, "not valid JSON")]
    public void A_header_that_lies_is_refused(string json, int dataLength, string fault)
    {
        using TemporaryFolder folder = new();
        WriteRaw(folder["a"], json, new byte[dataLength]);
        ModelException exception = Assert.Throws<ModelException>(() => SafetensorsFile.Open(folder["a"]));
        Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
        Assert.Contains(folder["a"], exception.Message, StringComparison.Ordinal);
        Assert.Contains("at byte", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001UL)]
    [InlineData(10_000UL)]
    [InlineData(0UL)]
    public void A_header_length_beyond_the_format_or_the_file_is_refused(ulong length)
    {
        using TemporaryFolder folder = new();
        byte[] bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(folder["a"], bytes);
        ModelException exception = Assert.Throws<ModelException>(() => SafetensorsFile.Open(folder["a"]));
        Assert.Contains($"the header length is {length}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_while_it_is_open_is_told_and_ends_no_process()
    {
        using TemporaryFolder folder = new();
        const int Count = 1 << 16;
        Write(folder["a"], ("first", [4], [1, 2, 3, 4]), ("second", [Count], new float[Count]));
        using SafetensorsFile file = SafetensorsFile.Open(folder["a"]);
        using (FileStream cut = new(folder["a"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
            cut.SetLength(file.Entries["second"].Offset + 8);
        Assert.Equal([1, 2, 3, 4], file.Read("first"));
        string message = Assert.Throws<ModelException>(() => file.Read("second")).Message;
        Assert.Contains("cut off while it was in use", message, StringComparison.Ordinal);
        Assert.Contains(folder["a"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_a_missing_and_a_folder_for_a_file_are_refused()
    {
        using TemporaryFolder folder = new();
        File.WriteAllBytes(folder["empty"], []);
        Assert.Contains("ends after 0 bytes", Assert.Throws<ModelException>(() => SafetensorsFile.Open(folder["empty"])).Message, StringComparison.Ordinal);
        Assert.Contains(folder["none"], Assert.Throws<ModelException>(() => SafetensorsFile.Open(folder["none"])).Message, StringComparison.Ordinal);
        Assert.Contains(folder.Path, Assert.Throws<ModelException>(() => SafetensorsFile.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_integers_is_not_read_as_weights()
    {
        using TemporaryFolder folder = new();
        WriteRaw(folder["a"], """{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}""", new byte[4]);
        using SafetensorsFile file = SafetensorsFile.Open(folder["a"]);
        Assert.Contains("'a'", Assert.Throws<ModelException>(() => file.Read("a")).Message, StringComparison.Ordinal);
        Assert.Contains("'b'", Assert.Throws<ModelException>(() => file.Read("b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fifty_thousand_mutated_files_are_read_or_refused_with_a_sentence_within_bounded_memory()
    {
        using TemporaryFolder folder = new();
        Write(folder["a"], ("first", [2, 3], Values), ("second", [3], [1, 2, 3]));
        Write(folder["b"], ("only", [1], [1f]));
        int refused = 0;
        int number = 0;
        foreach ((_, byte[] bytes) in Mutation.Of([File.ReadAllBytes(folder["a"]), File.ReadAllBytes(folder["b"])], 50_000, seed: 1))
        {
            string path = folder[$"mutated-{number++}"]; // a new one each time: to empty a file and write it again waits for the disk
            File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (SafetensorsEntry entry in file.Entries.Values.Where(entry => entry.Dtype is "F32" or "F16" or "BF16"))
                    Assert.Equal(entry.Count, file.Read(entry.Name).Length);
            }
            catch (ModelException exception)
            {
                Assert.Contains(path, exception.Message, StringComparison.Ordinal);
                refused++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= 64 * 1024 + 64 * bytes.Length, $"{Convert.ToHexString(bytes)} took {allocated} bytes.");
            File.Delete(path);
        }
        Assert.InRange(refused, 5_000, 49_999);
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_nothing_and_says_so()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["taken"]);
        ModelException exception = Assert.Throws<ModelException>(() => Write(folder["taken"], ("a", [1], [1f])));
        Assert.Contains(folder["taken"], exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Throws<ModelException>(() => Write(folder["absent/file"], ("a", [1], [1f])));
    }

    [Fact]
    public void A_full_disk_is_named()
    {
        using TemporaryFolder folder = new();
        File.CreateSymbolicLink(folder["a.tmp"], "/dev/full");
        ModelException exception = Assert.Throws<ModelException>(() => Write(folder["a"], ("a", [1], [1f])));
        Assert.Contains($"Cannot write '{folder["a"]}': No space left on device;", exception.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["a"]));
    }

    private static void Write(string path, params (string Name, long[] Shape, float[] Values)[] tensors) =>
        SafetensorsFile.Write(path, tensors.Select(tensor => new TensorToWrite(tensor.Name, tensor.Shape, () => tensor.Values)));

    private static void WriteRaw(string path, string json, byte[] data)
    {
        byte[] header = Encoding.UTF8.GetBytes(json.PadRight((json.Length + 7) / 8 * 8));
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        File.WriteAllBytes(path, [.. length, .. header, .. data]);
    }
}
