namespace ActorTrain.Host.Tests;

/// <summary>A theory that needs Debian's Chromium, which <c>./actortrain test</c> installs where it can.</summary>
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    /// <summary>The browser.</summary>
    public const string Browser = "/usr/bin/chromium";

    public BrowserTheoryAttribute()
    {
        if (!File.Exists(Browser))
            Skip = $"There is no {Browser}; install the package chromium.";
    }
}
