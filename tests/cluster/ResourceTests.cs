using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;
using ActorTrain.Host.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>A disk is full, a teacher is slow.</summary>
[Collection("cluster")]
public class ResourceTests(ClusterFixture fixture)
{
    /// <summary>Enough for a log line, too little for a checkpoint.</summary>
    private const long LeftBytes = 64 << 10;

    [TheoryWithMounts, EachModality]
    public async Task A_full_disk_ends_the_run_with_a_sentence_and_with_space_the_same_command_resumes(Modality modality)
    {
        string folder = fixture.NewFolder();
        Directory.CreateDirectory(folder);
        await using var disk = await TemporaryDisk.MountAsync(folder, "8m");
        await fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Student), new(NodeRoles.Student) { Folder = folder }], async cluster =>
        {
            await cluster.CheckpointAsync();
            string filler = Path.Combine(folder, "filler");
            Fill(filler);
            cluster.GoOn();
            string sentence = await cluster.FailsAsync();
            Assert.Contains(folder, sentence);
            Assert.Contains("space", sentence);
            File.Delete(filler);
            cluster.Submit();
        });
    }

    [Theory, EachModality]
    public Task A_slow_teacher_holds_nobody_up_beside_a_fast_one(Modality modality) =>
        // Alone it would take longer than the test may.
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Teacher), new(NodeRoles.Teacher), new(NodeRoles.Teacher) { Faults = "teacher-answers=3000ms" }],
            cluster => cluster.CheckpointAsync());

    private static void Fill(string file)
    {
        using var filler = File.Create(file);
        var disk = new DriveInfo(file);
        var page = new byte[4096];
        while (disk.AvailableFreeSpace > LeftBytes)
        {
            filler.Write(page);
            filler.Flush();
        }
    }
}
