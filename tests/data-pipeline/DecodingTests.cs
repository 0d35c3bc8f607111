using System.Buffers.Binary;
using System.Text.Json;
using ActorTrain.DataPipeline.Images;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Decoding and resizing against Pillow: golden/make.py makes the files and what Pillow makes of them.</summary>
public class DecodingTests
{
    private static readonly Dictionary<string, Expectation> Expected = JsonSerializer.Deserialize<Dictionary<string, Expectation>>(
        File.ReadAllText(Golden("expected.json")), JsonSerializerOptions.Web)!;

    public static TheoryData<string> Names => [.. Expected.Keys];

    public static IEnumerable<object[]> Resizes =>
        Expected.SelectMany(pair => pair.Value.Resized.Keys.Select(size => new object[] { pair.Key, int.Parse(size) }));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_kind_of_image_becomes_the_RGB_pixels_that_Pillow_gives(string name)
    {
        var expected = Expected[name];
        var image = ImageDecoder.Decode(File.ReadAllBytes(Golden(name)), name);
        Assert.Equal((expected.Width, expected.Height), (image.Width, image.Height));
        AssertWithin(expected.Tolerance, expected.Rgb, image.Pixels);
    }

    [Theory]
    [MemberData(nameof(Resizes))]
    public void Resizing_agrees_with_Pillow(string name, int size)
    {
        var planes = new byte[3 * size * size];
        Resampling.ToPlanes(ImageDecoder.Decode(File.ReadAllBytes(Golden(name)), name), size, planes);
        var interleaved = new byte[planes.Length];
        for (int i = 0; i < planes.Length; i++)
            interleaved[i] = planes[(i % 3 * size * size) + (i / 3)];
        AssertWithin(0, Expected[name].Resized[size.ToString()], interleaved);
    }

    [Fact]
    public void The_content_and_not_the_name_says_what_an_image_is()
    {
        byte[] png = File.ReadAllBytes(Golden("rgb.png"));
        Assert.Equal(ImageDecoder.Decode(png, "a.png").Pixels, ImageDecoder.Decode(png, "renamed.jpg").Pixels);
    }

    [Theory]
    [InlineData("rgb.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("gray.jpg")]
    [InlineData("rgb.png")]
    [InlineData("palette.png")]
    public void An_image_cut_anywhere_is_an_error_that_names_it(string name)
    {
        byte[] whole = File.ReadAllBytes(Golden(name));
        for (int length = 0; length < whole.Length - 2; length += length < 40 ? 1 : 17)
        {
            var error = Assert.Throws<DataException>(() => ImageDecoder.Decode(whole.AsSpan(0, length), "folder/cut-off"));
            Assert.Contains("folder/cut-off", error.Message);
        }
    }

    [Fact]
    public void Flipped_bytes_give_an_image_or_an_error_and_nothing_else()
    {
        foreach (string name in new[] { "rgb.jpg", "orientation-6.jpg", "cmyk.jpg", "alpha.png", "palette.png" })
        {
            byte[] whole = File.ReadAllBytes(Golden(name));
            for (int at = 0; at < whole.Length; at++)
            {
                byte[] damaged = [.. whole];
                damaged[at] ^= 0x5A;
                try
                {
                    var image = ImageDecoder.Decode(damaged, name);
                    Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
                }
                catch (DataException error)
                {
                    Assert.Contains(name, error.Message);
                }
            }
        }
    }

    [Fact]
    public void A_size_that_no_memory_should_be_taken_for_is_refused()
    {
        byte[] png = File.ReadAllBytes(Golden("rgb.png"));
        // IHDR's width; its checksum is made right again.
        png[16] = 0x7F;
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc32(png.AsSpan(12, 17)));
        Assert.Contains("huge.png", Assert.Throws<DataException>(() => ImageDecoder.Decode(png, "huge.png")).Message);
    }

    [Fact]
    public void Written_PNG_reads_back_the_same()
    {
        var random = new CounterRandom(1, RandomPurpose.Synthesis, 0, 0);
        foreach (var (width, height) in new[] { (1, 1), (5, 3), (640, 480) })
        {
            var pixels = new byte[width * height * 3];
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)random.NextUInt32();
            var image = ImageDecoder.Decode(PngWriter.Encode(pixels, width, height), "written");
            Assert.Equal((width, height), (image.Width, image.Height));
            Assert.Equal(pixels, image.Pixels);
        }
    }

    internal static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "golden", name);

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }

    private static void AssertWithin(int tolerance, byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        int worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst <= tolerance, $"off by {worst} levels, {tolerance} allowed");
    }

    private sealed record Expectation(int Width, int Height, int Tolerance, byte[] Rgb, Dictionary<string, byte[]> Resized);
}
