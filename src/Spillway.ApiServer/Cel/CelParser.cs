namespace Spillway.ApiServer.Cel;

/// <summary>Builds the tree of a CEL expression, macros expanded.</summary>
internal sealed class CelParser
{
    /// <summary>Deeper nesting than any real rule has, and shallow enough for the stack.</summary>
    private const int MaxDepth = 250;

    private static readonly string[] Namespaces =
        ["sets", "ip", "cidr", "optional", "format", "math", "base64", "semver"];
    private static readonly string[] Relations = ["==", "!=", "<", "<=", ">", ">="];

    private readonly List<CelToken> _tokens;
    private int _at;
    private int _depth;

    private CelParser(List<CelToken> tokens) => _tokens = tokens;

    /// <summary>Throws <see cref="CelSyntaxException"/> for what is not CEL.</summary>
    public static CelExpr Parse(string source)
    {
        var parser = new CelParser(new CelLexer(source).Read());
        var expression = parser.Expression();
        if (parser.Current.Kind != CelTokenKind.End) throw parser.Unexpected("<EOF>");
        return expression;
    }

    private CelToken Current => _tokens[_at];

    private bool Is(string symbol) => Current.Kind == CelTokenKind.Symbol && Current.Text == symbol;

    private bool Take(string symbol)
    {
        if (!Is(symbol)) return false;
        _at++;
        return true;
    }

    private CelToken Expect(string symbol)
    {
        if (!Is(symbol)) throw Unexpected($"'{symbol}'");
        return _tokens[_at++];
    }

    private CelSyntaxException Unexpected(string expected)
    {
        var token = Current;
        var found = token.Kind == CelTokenKind.End ? "<EOF>" : token.Text.Length > 0 ? token.Text
            : CelText.Of(token.Value);
        return new CelSyntaxException($"Syntax error: mismatched input '{found}' expecting {expected}", token.Offset);
    }

    private CelExpr Expression()
    {
        if (++_depth > MaxDepth)
            throw new CelSyntaxException("Syntax error: expression recursion limit exceeded: 250", Current.Offset);
        var condition = Or();
        if (Is("?"))
        {
            var mark = _tokens[_at++];
            var then = Or();
            Expect(":");
            condition = new CelChoice(condition, then, Expression(), mark.Offset);
        }

        _depth--;
        return condition;
    }

    private CelExpr Or()
    {
        var left = And();
        while (Is("||"))
        {
            var offset = _tokens[_at++].Offset;
            left = new CelLogic(isAnd: false, left, And(), offset);
        }

        return left;
    }

    private CelExpr And()
    {
        var left = Relation();
        while (Is("&&"))
        {
            var offset = _tokens[_at++].Offset;
            left = new CelLogic(isAnd: true, left, Relation(), offset);
        }

        return left;
    }

    private CelExpr Relation()
    {
        var left = Sum();
        while (true)
        {
            var isIn = Current.Kind == CelTokenKind.Name && Current is { Text: "in", Value: null };
            if (!isIn && !(Current.Kind == CelTokenKind.Symbol && Relations.Contains(Current.Text))) return left;
            var sign = _tokens[_at++];
            left = new CelCall(isIn ? "@in" : $"_{sign.Text}_", [left, Sum()], isMethod: false, sign.Offset);
        }
    }

    private CelExpr Sum()
    {
        var left = Product();
        while (Is("+") || Is("-"))
        {
            var sign = _tokens[_at++];
            left = new CelCall($"_{sign.Text}_", [left, Product()], isMethod: false, sign.Offset);
        }

        return left;
    }

    private CelExpr Product()
    {
        var left = Unary();
        while (Is("*") || Is("/") || Is("%"))
        {
            var sign = _tokens[_at++];
            left = new CelCall($"_{sign.Text}_", [left, Unary()], isMethod: false, sign.Offset);
        }

        return left;
    }

    private CelExpr Unary()
    {
        if (!Is("!") && !Is("-")) return Member(Primary());
        var sign = _tokens[_at++];
        if (sign.Text == "-" && Current.Kind is CelTokenKind.Int or CelTokenKind.Double
            && Current.Offset == sign.Offset + 1)
        {
            var number = _tokens[_at++];
            // The smallest int has no positive twin: the lexer gives it negative already.
            object value = number.Value is long whole ? (whole == long.MinValue ? whole : -whole)
                : -(double)number.Value!;
            return Member(new CelLiteral(value, sign.Offset));
        }

        if (++_depth > MaxDepth)
            throw new CelSyntaxException("Syntax error: expression recursion limit exceeded: 250", sign.Offset);
        var operand = Unary();
        _depth--;
        return new CelCall(sign.Text == "!" ? "!_" : "-_", [operand], isMethod: false, sign.Offset);
    }

    private CelExpr Member(CelExpr target)
    {
        while (true)
        {
            if (Is("."))
            {
                var dot = _tokens[_at++];
                var isOptional = Take("?");
                if (Current.Kind != CelTokenKind.Name) throw Unexpected("IDENTIFIER");
                var name = _tokens[_at++];
                if (!isOptional && name.Value is null && Is("(")) target = Method(target, name.Text);
                else target = new CelSelect(target, name.Text, isOptional, isTest: false, dot.Offset);
            }
            else if (Is("["))
            {
                var bracket = _tokens[_at++];
                var isOptional = Take("?");
                var key = Expression();
                Expect("]");
                target = new CelIndex(target, key, isOptional, bracket.Offset);
            }
            else
            {
                return target;
            }
        }
    }

    private CelExpr Method(CelExpr target, string name)
    {
        var open = Expect("(");
        var arguments = Arguments(")");
        if (CelMacros.Expand(target, name, arguments, open.Offset) is { } macro) return macro;
        if (target is CelName { Name: var space } && Namespaces.Contains(space)
            && CelLibrary.Find($"{space}.{name}") is not null)
            return new CelCall($"{space}.{name}", arguments, isMethod: false, open.Offset);
        return new CelCall(name, [target, .. arguments], isMethod: true, open.Offset);
    }

    private CelExpr[] Arguments(string end)
    {
        var arguments = new List<CelExpr>();
        while (!Is(end))
        {
            arguments.Add(Expression());
            if (!Take(",")) break;
        }

        Expect(end);
        return [.. arguments];
    }

    private CelExpr Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case CelTokenKind.Int or CelTokenKind.Uint or CelTokenKind.Double or CelTokenKind.Text
                or CelTokenKind.Bytes:
                _at++;
                if (token is { Kind: CelTokenKind.Int, Value: long.MinValue })
                    throw new CelSyntaxException("Syntax error: invalid int literal", token.Offset);
                return new CelLiteral(token.Value, token.Offset);
            case CelTokenKind.Name:
                _at++;
                return NameOrCall(token);
        }

        if (Take("("))
        {
            var inner = Expression();
            Expect(")");
            return inner;
        }

        if (Take("[")) return ListLiteral(token.Offset);
        if (Take("{")) return MapLiteral(token.Offset);
        if (Take(".") && Current.Kind == CelTokenKind.Name) return NameOrCall(_tokens[_at++]);
        throw Unexpected("{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, "
            + "BYTES, IDENTIFIER}");
    }

    private CelExpr NameOrCall(CelToken token)
    {
        if (token.Value is null)
        {
            switch (token.Text)
            {
                case "true": return new CelLiteral(true, token.Offset);
                case "false": return new CelLiteral(false, token.Offset);
                case "null": return new CelLiteral(null, token.Offset);
                case "in": throw new CelSyntaxException("Syntax error: unexpected 'in'", token.Offset);
            }

            if (Is("("))
            {
                var open = _tokens[_at++];
                var arguments = Arguments(")");
                return token.Text == "has"
                    ? CelMacros.Has(arguments, open.Offset)
                    : new CelCall(token.Text, arguments, isMethod: false, open.Offset);
            }
        }

        return new CelName(token.Text, token.Offset);
    }

    private CelListLiteral ListLiteral(int offset)
    {
        var items = new List<CelExpr>();
        var optional = new List<bool>();
        while (!Is("]"))
        {
            optional.Add(Take("?"));
            items.Add(Expression());
            if (!Take(",")) break;
        }

        Expect("]");
        return new CelListLiteral([.. items], [.. optional], offset);
    }

    private CelMapLiteral MapLiteral(int offset)
    {
        var (keys, values, optional) = (new List<CelExpr>(), new List<CelExpr>(), new List<bool>());
        while (!Is("}"))
        {
            optional.Add(Take("?"));
            keys.Add(Expression());
            Expect(":");
            values.Add(Expression());
            if (!Take(",")) break;
        }

        Expect("}");
        return new CelMapLiteral([.. keys], [.. values], [.. optional], offset);
    }
}
