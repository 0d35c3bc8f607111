namespace Akka;

/// <summary>A result that says only that something is done.</summary>
public sealed class Done
{
    public static readonly Done Instance = new();

    private Done()
    {
    }
}
