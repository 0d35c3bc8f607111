namespace ActorTrain.DataPipeline;

/// <summary>Where a shape lies in its image, how large it is and how it is turned.</summary>
internal readonly record struct Placement(double CenterX, double CenterY, double Radius, double Angle)
{
    public static Placement Draw(ref CounterRandom random) => new(
        (random.NextDouble() - 0.5) * 0.4, (random.NextDouble() - 0.5) * 0.4, 0.45 + (random.NextDouble() * 0.25), (random.NextDouble() - 0.5) * 0.8);

    /// <summary>Signed distance from a point to the shape's edge, negative inside; good enough near the edge.</summary>
    public double DistanceTo(int label, double u, double v)
    {
        var (sin, cos) = Math.SinCos(Angle);
        double x = (((u - CenterX) * cos) + ((v - CenterY) * sin)) / Radius, y = (((v - CenterY) * cos) - ((u - CenterX) * sin)) / Radius;
        double distance = label switch
        {
            0 => Math.Sqrt((x * x) + (y * y)) - 0.9,
            1 => Math.Min(Bar(x, y), Bar(y, x)),
            2 => Math.Abs(Math.Sqrt((x * x) + (y * y)) - 0.7) - 0.25,
            3 => Math.Max(Math.Abs(x), Math.Abs(y)) - 0.75,
            4 => Star(x, y),
            _ => Polygon(x, y, 3, 0.5),
        };
        return distance * Radius;
    }

    private static double Bar(double along, double across) => Math.Max(Math.Abs(along) - 1, Math.Abs(across) - 0.3);

    /// <summary>A regular polygon with the given distance from its centre to its sides.</summary>
    private static double Polygon(double x, double y, int sides, double inner)
    {
        double sector = 2 * Math.PI / sides, angle = Math.Atan2(y, x);
        return (Math.Sqrt((x * x) + (y * y)) * Math.Cos(angle - (Math.Round(angle / sector) * sector))) - inner;
    }

    /// <summary>A star with five points: its edge runs straight between the radii 1 and 0.45.</summary>
    private static double Star(double x, double y)
    {
        double sector = 2 * Math.PI / 5, angle = Math.Atan2(y, x);
        double fromPoint = Math.Abs(angle - (Math.Round(angle / sector) * sector)) / (sector / 2);
        return Math.Sqrt((x * x) + (y * y)) - (1 - (fromPoint * 0.55));
    }
}
