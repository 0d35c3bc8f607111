using ActorTrain.DataPipeline;

namespace ActorTrain.Host.Commands;

/// <summary>The demo's images: plenty of the source domain, few labelled ones of the shifted target domain.</summary>
internal static class DemoData
{
    public static string Source(string folder) => Path.Combine(folder, "source");

    public static string Train(string folder) => Path.Combine(folder, "target-train");

    public static string Unlabelled(string folder) => Path.Combine(folder, "target-unlabelled");

    public static string Test(string folder) => Path.Combine(folder, "target-test");

    /// <summary>Writes what is missing: a set appears only when it is complete, and the same bytes every time.</summary>
    public static void Write(string folder)
    {
        WriteSet(Source(folder), new SyntheticOptions { Domain = SyntheticDomain.Source, Images = 3000, Seed = 1 });
        WriteSet(Unlabelled(folder), new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 1500, Seed = 2 });
        WriteSet(Train(folder), new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 120, Seed = 3 });
        WriteSet(Test(folder), new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 600, Seed = 4 });
    }

    private static void WriteSet(string folder, SyntheticOptions options)
    {
        if (!Directory.Exists(folder))
            SyntheticImages.Write(folder, options);
    }
}
