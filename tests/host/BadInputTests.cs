using System.Buffers.Binary;
using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;

namespace ActorTrain.Host.Tests;

/// <summary>Bad input through the real program: one sentence that names the thing, a non-zero exit code, and no stack trace.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task A_path_that_does_not_exist() => await FailAsync(["data.unlabelled", "nowhere"], Pretrain("nowhere"));

    [Fact]
    public async Task A_path_in_a_configuration_that_does_not_exist()
    {
        string file = _workspace.Write("my.conf", $"data {{ train = nowhere, test = \"{_workspace.Images("test")}\" }}\nmodel.from = \"{_workspace.Model("model")}\"");
        await FailAsync(["data.train", "nowhere"], "run", file);
    }

    [Fact]
    public async Task Groups_that_cannot_be_held_out()
    {
        string images = _workspace.Images("train");
        string file = _workspace.Write("my.conf", $"data {{ train = \"{images}\", validation = 0.2 }}\ndata.group = \"[.]png\"\nrun.methods = [further-pretraining]\nmodel.from = \"{_workspace.Model("model")}\"");
        await FailAsync([$"{file}:2: data.group: each class of {images} is one single group"], "run", file);
    }

    [Fact]
    public async Task A_configuration_file_that_does_not_exist() => await FailAsync(["nowhere.conf"], "run", "nowhere.conf");

    [Fact]
    public async Task An_empty_folder()
    {
        Directory.CreateDirectory(_workspace.File("empty"));
        await FailAsync(["empty"], Pretrain("empty"));
    }

    [Fact]
    public async Task A_class_folder_without_an_image()
    {
        string images = _workspace.Images("images");
        Directory.CreateDirectory(Path.Combine(images, "unicorn"));
        await FailAsync(["unicorn"], Pretrain(images));
    }

    [Theory]
    [InlineData("truncated.jpg")]
    [InlineData("nothing.png")]
    public async Task A_broken_image_stops_the_run_or_is_skipped_and_counted(string name)
    {
        string images = _workspace.Images("images");
        _workspace.Write($"images/star/{name}", name == "nothing.png" ? [] : Workspace.Jpeg[..^60]);
        // Seven steps of four images see all of the 25.
        await FailAsync([name], [.. Pretrain(images), "--set", "pretrain.steps=7"]);
        Ending skipped = await CommandLineProcess.RunAsync(_workspace.Folder, [.. Pretrain(images)[..^1], _workspace.File("skipping"), "--set", "pretrain.steps=7", "--set", "data.skip-broken=on"]);
        skipped.AssertSuccess();
        Assert.Contains("1 broken image was replaced", skipped.Output);
    }

    [Fact]
    public async Task An_image_under_a_wrong_extension_is_read_for_what_it_is()
    {
        string images = _workspace.Images("images", 6);
        foreach (string png in Directory.GetFiles(images, "*.png", SearchOption.AllDirectories))
            File.Move(png, Path.ChangeExtension(png, ".jpg"));
        _workspace.Write("images/star/really-a-jpeg.png", Workspace.Jpeg);
        Ending ending = await CommandLineProcess.RunAsync(_workspace.Folder, Pretrain(images));
        ending.AssertSuccess();
    }

    [Fact]
    public async Task A_tar_that_is_cut_in_the_middle()
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            for (int sample = 0; sample < 4; sample++)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{sample:D6}.jpg") { DataStream = new MemoryStream(Workspace.Jpeg) });
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{sample:D6}.cls") { DataStream = new MemoryStream("0"u8.ToArray()) });
            }
        }
        string tar = _workspace.Write("cut.tar", stream.ToArray()[..2300]);
        await FailAsync(["cut.tar"], Pretrain(tar));
    }

    [Fact]
    public async Task A_safetensors_file_whose_header_claims_2_to_the_63_bytes()
    {
        byte[] length = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(length, 1UL << 63);
        await FailOnWeightsAsync(length, "model.safetensors");
    }

    [Fact]
    public Task A_safetensors_file_with_overlapping_tensors() => FailOnHeaderAsync(header =>
    {
        JsonObject[] tensors = [.. header.Where(entry => entry.Key != "__metadata__").Select(entry => entry.Value!.AsObject())];
        JsonObject second = tensors.First(tensor => tensor["data_offsets"]![0]!.GetValue<long>() > 0);
        second["data_offsets"] = new JsonArray(0, second["data_offsets"]![1]!.GetValue<long>() - second["data_offsets"]![0]!.GetValue<long>());
    }, "model.safetensors");

    [Fact]
    public Task A_safetensors_file_without_a_key() => FailOnHeaderAsync(header =>
    {
        header["surplus"] = header["vit.layernorm.weight"]!.DeepClone();
        header.Remove("vit.layernorm.weight");
    }, "vit.layernorm.weight");

    [Fact]
    public Task A_safetensors_file_with_a_wrong_shape() =>
        FailOnHeaderAsync(header => header["vit.layernorm.weight"]!["shape"] = new JsonArray(2, 96), "vit.layernorm.weight");

    [Fact]
    public async Task An_unknown_configuration_key()
    {
        string file = _workspace.Write("my.conf", "\npretrain.stepz = 5\n");
        await FailAsync([$"{file}:2", "pretrain.stepz", "pretrain.steps"], "run", file);
    }

    [Fact]
    public async Task A_negative_step_count() => await FailAsync(["pretrain.steps", "-5"], "pretrain", "--model", "m", "--data", "d", "--steps=-5");

    [Fact]
    public async Task An_output_folder_that_cannot_be_written()
    {
        // Not even root can make a folder here.
        string folder = "/proc/actortrain";
        await FailAsync([folder], [.. Pretrain(_workspace.Images("images", 6))[..^1], folder]);
    }

    [FactWithMounts]
    public async Task A_full_disk()
    {
        string disk = _workspace.File("disk");
        Directory.CreateDirectory(disk);
        await using var mounted = await TemporaryDisk.MountAsync(disk, "3m");
        await FailAsync([disk, "space"], [.. Pretrain(_workspace.Images("images", 6))[..^1], Path.Combine(disk, "run")]);
    }

    private string[] Pretrain(string data)
    {
        string model = _workspace.File("model");
        if (!Directory.Exists(model))
            _workspace.Model("model");
        return ["pretrain", "--model", model, "--data", data, "--steps", "2", "--batch-size", "4", "--set", "run.threads=1", "--folder", _workspace.File("run")];
    }

    private Task FailOnHeaderAsync(Action<JsonObject> spoil, string named)
    {
        byte[] sound = File.ReadAllBytes(Path.Combine(_workspace.Model("sound"), "model.safetensors"));
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(sound);
        JsonObject header = JsonNode.Parse(sound.AsSpan(8, length))!.AsObject();
        spoil(header);
        byte[] spoilt = Encoding.UTF8.GetBytes(header.ToJsonString());
        int padded = (spoilt.Length + 7) / 8 * 8;
        var file = new byte[8 + padded + sound.Length - 8 - length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)padded);
        Array.Fill(file, (byte)' ', 8, padded);
        spoilt.CopyTo(file, 8);
        sound.AsSpan(8 + length).CopyTo(file.AsSpan(8 + padded));
        return FailOnWeightsAsync(file, named);
    }

    private async Task FailOnWeightsAsync(byte[] weights, string named)
    {
        string[] command = Pretrain(_workspace.Images("images", 6));
        _workspace.Write("model/model.safetensors", weights);
        await FailAsync([named], command);
    }

    private async Task FailAsync(string[] named, params string[] arguments) =>
        (await CommandLineProcess.RunAsync(_workspace.Folder, arguments)).AssertSentence(named);
}
