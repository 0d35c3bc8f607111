using ActorTrain.Host.Configuration;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ActorTrain.Host.Study;

/// <summary>The tables that show a study on a terminal.</summary>
internal static class StudyTable
{
    /// <summary>A row per data set, point of the sweep and method; below them what is under way and the time left.</summary>
    public static IRenderable Draw(StudyPlan plan, StudyView view)
    {
        List<IRenderable> parts = [Rows(plan, view)];
        parts.AddRange(view.Running.Select(running => new Text($"{running.Title}: {running.Status}")));
        parts.Add(new Text(view.Summary));
        return new Rows(parts);
    }

    /// <summary>How many distinct stages of each kind and length there are, and how many are done.</summary>
    /// <param name="stages">The stages, each with whether it is done.</param>
    public static IRenderable Draw(IEnumerable<(StudyStage Stage, bool Done)> stages)
    {
        Table table = Empty("stages", "steps", "samples a step", "done", "all");
        foreach (var alike in stages.GroupBy(stage => (stage.Stage.Plan.Kind, stage.Stage.Plan.Steps, stage.Stage.Plan.BatchSize)))
        {
            table.AddRow(Cells(alike.Key.Kind.ToString().ToLowerInvariant(), $"{alike.Key.Steps}", $"{alike.Key.BatchSize}",
                $"{alike.Count(stage => stage.Done)}", $"{alike.Count()}"));
        }
        return table;
    }

    private static Table Rows(StudyPlan plan, StudyView view)
    {
        string score = plan.Cells.All(cell => cell.IsText) ? "macro-F1" : plan.Cells.Any(cell => cell.IsText) ? "accuracy or macro-F1" : "accuracy";
        string samples = plan.Cells.All(cell => cell.Validates) ? "validation" : "test";
        Table table = Empty(["data set", .. plan.Sweep.Select(key => key.Key), "method", "seeds", $"{samples} {score}", "state"]);
        foreach (StudyRow row in view.Rows)
        {
            string state = row.Done == row.Count ? "done" : row.Running ? "running" : "waiting";
            table.AddRow(Cells([row.DataSet, .. row.Sweep, Methods.Display(row.Method), $"{row.Done}/{row.Count}", row.Score.Format("0.000"), state]));
        }
        return table;
    }

    private static Table Empty(params string[] titles)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string title in titles)
            table.AddColumn(new TableColumn(Markup.Escape(title)) { NoWrap = true });
        return table;
    }

    private static IEnumerable<IRenderable> Cells(params string[] texts) => texts.Select(text => new Text(text));
}
