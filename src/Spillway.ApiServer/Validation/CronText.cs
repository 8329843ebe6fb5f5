using System.Globalization;

namespace Spillway.ApiServer.Validation;

/// <summary>Tells what is wrong with a cron schedule, in the words of the parser the real server uses.</summary>
internal static class CronText
{
    private static readonly (int Low, int High, string[] Names)[] s_fields =
    [
        (0, 59, []), (0, 23, []), (1, 31, []),
        (1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        (0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];

    public static string? Problem(string schedule)
    {
        if (schedule.StartsWith('@'))
        {
            if (schedule is "@yearly" or "@annually" or "@monthly" or "@weekly" or "@daily" or "@midnight" or "@hourly")
                return null;
            return schedule.StartsWith("@every ", StringComparison.Ordinal)
                ? null : "unrecognized descriptor: " + schedule;
        }
        var fields = schedule.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5) return $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]";
        for (var i = 0; i < fields.Length; i++)
            foreach (var part in fields[i].Split(','))
                if (Part(part, s_fields[i]) is { } problem) return problem;
        return null;
    }

    private static string? Part(string part, (int Low, int High, string[] Names) field)
    {
        var step = part.Split('/');
        if (step.Length > 2) return "too many slashes: " + part;
        if (step.Length == 2
            && (!int.TryParse(step[1], NumberStyles.None, CultureInfo.InvariantCulture, out var every) || every == 0))
            return every == 0 && step[1] == "0"
                ? "step of range should be a positive number: " + part : Unparsed(step[1]);
        if (step[0] is "*" or "?") return null;
        var range = step[0].Split('-');
        if (range.Length > 2) return "too many hyphens: " + part;
        if (!Number(range[0], field.Names, out var start)) return Unparsed(range[0]);
        var end = start;
        if (range.Length == 2 && !Number(range[1], field.Names, out end)) return Unparsed(range[1]);
        if (start < field.Low) return $"beginning of range ({start}) below minimum ({field.Low}): {part}";
        if (end > field.High) return $"end of range ({end}) above maximum ({field.High}): {part}";
        return start > end ? $"beginning of range ({start}) beyond end of range ({end}): {part}" : null;
    }

    private static bool Number(string text, string[] names, out int number)
    {
        number = Array.IndexOf(names, text.ToLowerInvariant());
        if (number >= 0)
        {
            number += names.Length == 12 ? 1 : 0;
            return true;
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static string Unparsed(string text) =>
        $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax";
}
