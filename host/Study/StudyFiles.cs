using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Actors;

namespace ActorTrain.Host.Study;

/// <summary>The files of a study's results folder: <c>study.json</c> and <c>cells/*.json</c>. They are all that a report needs.</summary>
public static class StudyFiles
{
    /// <summary>The file that says what is compared.</summary>
    public const string RecordName = "study.json";

    /// <summary>The folder of the cells.</summary>
    public const string CellsName = "cells";

    private static readonly JsonSerializerOptions Compact = new() { Converters = { new CurvePointConverter() } };

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new OnOneLine<IReadOnlyList<CurvePoint>>(), new OnOneLine<int[][]>() },
    };

    /// <summary>Reads what a study compares.</summary>
    /// <param name="results">The results folder.</param>
    /// <exception cref="RunException">There is none, or it is damaged.</exception>
    public static StudyRecord ReadRecord(string results)
    {
        string file = Path.Combine(results, RecordName);
        if (!File.Exists(file))
            throw new RunException($"There is no {file}: {results} holds no results of a study.");
        return Read<StudyRecord>(file, out string? fault) ?? throw new RunException($"{file} is damaged ({fault}); run its study again, which writes it anew.");
    }

    /// <summary>Writes what a study compares.</summary>
    /// <param name="results">The results folder.</param>
    /// <param name="record">What it compares.</param>
    /// <exception cref="RunException">It cannot be written.</exception>
    public static void Write(string results, StudyRecord record) => Replace(Path.Combine(results, RecordName), record);

    /// <summary>The file of a planned cell.</summary>
    /// <param name="results">The results folder.</param>
    /// <param name="cell">The cell.</param>
    internal static string FileOf(string results, StudyCell cell) => Path.Combine(results, CellsName, cell.FileName);

    /// <summary>Reads all cells that are done, ordered by their files' names.</summary>
    /// <param name="results">The results folder.</param>
    /// <param name="damaged">A sentence for each file that is damaged, and so left out.</param>
    public static IReadOnlyList<CellResult> ReadCells(string results, out IReadOnlyList<string> damaged)
    {
        string folder = Path.Combine(results, CellsName);
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [];
        List<CellResult> cells = [];
        List<string> sentences = [];
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            if (Read<CellResult>(file, out string? fault) is { } cell)
                cells.Add(cell);
            else
                sentences.Add($"{file} is damaged ({fault}) and left out; run its study again, or delete it where the study has no such cell");
        }
        damaged = sentences;
        return cells;
    }

    /// <summary>Reads a cell's file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fault">What is wrong with it; null where nothing is, or where there is no such file.</param>
    /// <returns>The cell, or null.</returns>
    public static CellResult? ReadCell(string file, out string? fault)
    {
        fault = null;
        return File.Exists(file) ? Read<CellResult>(file, out fault) : null;
    }

    /// <summary>Writes a cell's file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cell">The cell.</param>
    /// <exception cref="RunException">It cannot be written.</exception>
    public static void WriteCell(string file, CellResult cell) => Replace(file, cell);

    private static T? Read<T>(string file, out string? fault) where T : class
    {
        try
        {
            fault = null;
            return JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json) ?? throw new JsonException("it holds null");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            fault = error.Message.TrimEnd('.');
            return null;
        }
    }

    /// <summary>A crash leaves the old file or the new one. Studies that write the same cell at once do not get in each other's way.</summary>
    private static void Replace<T>(string file, T content)
    {
        string temporary = $"{file}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                JsonSerializer.Serialize(stream, content, Json);
                stream.WriteByte((byte)'\n');
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunException($"{file} cannot be written ({error.Message.TrimEnd('.')}); free some space, correct its rights or choose another study.results.", error);
        }
        finally
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }

    /// <summary>A point as four numbers: a cell has hundreds of them.</summary>
    private sealed class CurvePointConverter : JsonConverter<CurvePoint>
    {
        private const int Digits = 5;

        public override CurvePoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<double?[]>(ref reader, options) is [{ } step, var loss, var mae, var distill]
                ? new CurvePoint(step, loss, mae, distill)
                : throw new JsonException("a point of a curve is no [step, loss, mae, distill]");

        public override void Write(Utf8JsonWriter writer, CurvePoint value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, new[] { value.Step, Rounded(value.Loss), Rounded(value.Mae), Rounded(value.Distill) }, options);

        private static double? Rounded(double? value) => value is { } number && double.IsFinite(number)
            ? double.Parse(number.ToString($"G{Digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>A value without line breaks in an indented document.</summary>
    private sealed class OnOneLine<T> : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonSerializer.Deserialize<T>(ref reader, Compact);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteRawValue(JsonSerializer.Serialize(value, Compact));
    }
}
