using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Plans;

namespace Spillway.Core.Tests;

public sealed class ClusterFileFuzzTests
{
    private const string Alphabet = "\t\n -:{}[],&*!|>'\"%@`#?~<=aZ09.é\0\u2028";

    /// <summary>Longer by SPILLWAY_FUZZ=100000.</summary>
    private static readonly int Rounds =
        int.TryParse(Environment.GetEnvironmentVariable("SPILLWAY_FUZZ"), out var rounds) ? rounds : 1500;

    [Fact]
    public void Damaged_files_are_answered_and_never_break_the_reader()
    {
        var random = new Random(7);
        var folder = Path.Combine(Golden.Root, "clusterfile");
        var originals = Directory.GetFiles(folder, "*.yaml", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(File.ReadAllText)
            .ToList();
        for (var round = 0; round < Rounds; round++)
        {
            var text = new StringBuilder(originals[random.Next(originals.Count)]);
            for (var changes = random.Next(1, 6); changes > 0; changes--)
                Damage(text, random);

            Check(Encoding.UTF8.GetBytes(text.ToString()), round);
        }
    }

    [Fact]
    public void Random_bytes_are_answered_too()
    {
        var random = new Random(8);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);

            Check(bytes, round);
        }
    }

    private static void Check(byte[] bytes, int round)
    {
        try
        {
            var result = ClusterFileReader.ReadCluster([new SourceFile("x.yaml", bytes)]);
            if (result.Model is { } model)
                PlanPrinter.Print(ClusterPlanner.Plan(model, PlanHistory.Empty, result.Diagnostics));
            else
                result.HasErrors.ShouldBeTrue();
        }
        catch (Exception exception) when (exception is not Shouldly.ShouldAssertException)
        {
            throw new InvalidOperationException($"round {round}: {Encoding.UTF8.GetString(bytes)}", exception);
        }
    }

    private static void Damage(StringBuilder text, Random random)
    {
        if (text.Length == 0)
            return;
        var at = random.Next(text.Length);
        switch (random.Next(5))
        {
            case 0:
                text.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                break;
            case 1:
                text[at] = Alphabet[random.Next(Alphabet.Length)];
                break;
            case 2:
                text.Remove(at, Math.Min(random.Next(1, 40), text.Length - at));
                break;
            case 3:
                var part = text.ToString(at, Math.Min(random.Next(1, 60), text.Length - at));
                text.Insert(random.Next(text.Length), part);
                break;
            default:
                text.Insert(at, random.Next(-5, 1_000_000_000) + (random.Next(2) == 0 ? "e9" : ".5"));
                break;
        }
    }
}
