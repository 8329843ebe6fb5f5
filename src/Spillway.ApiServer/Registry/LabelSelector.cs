namespace Spillway.ApiServer.Registry;

/// <summary>A label selector of a query, such as <c>app=x,tier in (a,b),!old</c>.</summary>
public sealed class LabelSelector
{
    private readonly List<Term> _terms;

    private LabelSelector(List<Term> terms) => _terms = terms;

    private enum Operator { In, NotIn, Exists, Absent, Greater, Less }

    public bool IsEmpty => _terms.Count == 0;

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var term in _terms)
            if (!term.Matches(labels)) return false;
        return true;
    }

    /// <summary>Throws 400 in the words of the real server.</summary>
    public static LabelSelector Parse(string text)
    {
        var terms = new List<Term>();
        var at = 0;
        Skip(text, ref at);
        while (at < text.Length)
        {
            terms.Add(ParseTerm(text, ref at));
            Skip(text, ref at);
            if (at == text.Length) break;
            if (text[at] != ',') throw Broken(text, $"found '{Word(text, ref at)}', expected: ',' or 'end of string'");
            at++;
            Skip(text, ref at);
            if (at == text.Length) throw Broken(text, "found '', expected: identifier after ','");
        }
        return new LabelSelector(terms);
    }

    private static Term ParseTerm(string text, ref int at)
    {
        var isAbsent = text[at] == '!';
        if (isAbsent) at++;
        Skip(text, ref at);
        var key = Word(text, ref at);
        if (key.Length == 0) throw Broken(text, $"found '{Rest(text, at)}', expected: !, identifier, or 'end of string'");
        CheckKey(text, key);
        Skip(text, ref at);
        if (isAbsent) return new Term(key, Operator.Absent, []);
        if (at == text.Length || text[at] == ',') return new Term(key, Operator.Exists, []);
        return ParseOperator(text, key, ref at);
    }

    private static Term ParseOperator(string text, string key, ref int at)
    {
        var sign = text[at];
        if (sign is '=' or '!' or '>' or '<')
        {
            at++;
            var isNot = sign == '!';
            if (isNot && (at == text.Length || text[at] != '='))
                throw Broken(text, "found '!', expected: in, notin, =, ==, !=, gt, lt");
            if (at < text.Length && text[at] == '=') at++;
            Skip(text, ref at);
            var value = Word(text, ref at);
            if (sign is '>' or '<' && !long.TryParse(value, out _))
            {
                throw ApiFailure.BadRequest($"unable to parse requirement: values[0]: Invalid value: \"{value}\": "
                    + "for 'Gt', 'Lt' operators, the value must be an integer");
            }
            CheckValue(text, key, value);
            return new Term(key, sign switch
            {
                '>' => Operator.Greater, '<' => Operator.Less, '!' => Operator.NotIn, _ => Operator.In,
            }, [value]);
        }
        var word = Word(text, ref at);
        if (word is not ("in" or "notin"))
            throw Broken(text, $"found '{word}', expected: in, notin, =, ==, !=, gt, lt");
        return new Term(key, word == "in" ? Operator.In : Operator.NotIn, ParseValues(text, key, ref at));
    }

    private static string[] ParseValues(string text, string key, ref int at)
    {
        Skip(text, ref at);
        if (at == text.Length || text[at] != '(') throw Broken(text, $"found '{Rest(text, at)}', expected: '('");
        at++;
        var values = new List<string>();
        while (true)
        {
            Skip(text, ref at);
            var value = Word(text, ref at);
            CheckValue(text, key, value);
            values.Add(value);
            Skip(text, ref at);
            if (at < text.Length && text[at] == ',')
            {
                at++;
                continue;
            }
            if (at == text.Length || text[at] != ')'
                ) throw Broken(text, $"found '{Rest(text, at)}', expected: ',' or ')'");
            at++;
            return [.. values];
        }
    }

    private static void CheckKey(string text, string key)
    {
        var name = key[(key.IndexOf('/') + 1)..];
        if (name.Length is > 0 and <= 63 && IsWord(name)) return;
        throw new ApiFailure(400, "BadRequest",
            "unable to parse requirement: <nil>: Invalid value: \"" + key + "\": name part must consist of alphanumeric "
            + "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
            + "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");
    }

    private static void CheckValue(string text, string key, string value)
    {
        if (value.Length == 0 || (value.Length <= 63 && IsWord(value))) return;
        throw new ApiFailure(400, "BadRequest",
            $"unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\": a valid label must be an empty "
            + "string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
            + "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
            + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
    }

    private static bool IsWord(string text)
    {
        if (!char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1])) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) return false;
        return true;
    }

    private static void Skip(string text, ref int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t') at++;
    }

    private static string Word(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && text[at] is not (' ' or '\t' or '=' or '!' or '(' or ')' or ',' or '<' or '>')) at++;
        return text[start..at];
    }

    private static string Rest(string text, int at) => at < text.Length ? text[at].ToString() : "";

    private static ApiFailure Broken(string text, string what) =>
        ApiFailure.BadRequest("unable to parse requirement: " + what);

    private sealed record Term(string Key, Operator Operator, string[] Values)
    {
        public bool Matches(IReadOnlyDictionary<string, string> labels)
        {
            var has = labels.TryGetValue(Key, out var value);
            return Operator switch
            {
                Operator.Exists => has,
                Operator.Absent => !has,
                Operator.In => has && Array.IndexOf(Values, value) >= 0,
                Operator.NotIn => !has || Array.IndexOf(Values, value) < 0,
                Operator.Greater => has && Compare(value!) > 0,
                _ => has && Compare(value!) < 0,
            };
        }

        private int Compare(string value) =>
            long.TryParse(value, out var left) && long.TryParse(Values[0], out var right) ? left.CompareTo(right) : 0;
    }
}
