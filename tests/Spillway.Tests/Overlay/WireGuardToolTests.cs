using System.Diagnostics;
using System.Text;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Overlay;

/// <summary>The parser against <c>wg-quick strip</c> and <c>wg setconf</c>: it refuses exactly what they refuse.</summary>
public sealed class WireGuardToolTests
{
    private const string Key = "vBN7qyUTb5lJtWYJ8LhbPio1Z4RcyBPGnqFBGn6O6Qg=";

    // One shell for all files: a process for each would take most of the time.
    private const string Judge = """
        cd "$1"
        for f in *.conf; do
          wg-quick strip "./$f" >"$f.stripped" 2>"$f.err" || { echo "$f refused"; continue; }
          wg setconf spillway-none "$f.stripped" 2>"$f.err"
          grep -qE 'Configuration parsing error|Invalid configuration' "$f.err" && v=refused || v=taken
          echo "$f $v"
        done
        """;

    private static readonly string[] Pieces =
    [
        "[Interface]", "[Peer]", "[interface] # c", "[ Peer ]", "[Peers]", "[Interface", "", "  ", "# Name = a", "#",
        "Address = 10.0.0.1/24", "Address", "address=10.0.0.1/24,fd00::1/64", "DNS = 1.1.1.1, lab", "MTU = 1420",
        "Table = off", "PostUp = echo %i # x", "SaveConfig = true", "SaveConfig = FALSE", "SaveConfig = yes",
        $"PrivateKey = {Key}", "PrivateKey = abc=", "PrivateKey", "PrivateKey=", $"privatekey={Key} # mine",
        "ListenPort = 51820", "ListenPort = 0", "ListenPort = 65536", "ListenPort = 99999999999999999999",
        "ListenPort = -1", "ListenPort = -0", "ListenPort = +7", "ListenPort = 0x10", "ListenPort = 51 820",
        "ListenPort = 4294967297", "ListenPort = 2147483648", "ListenPort = x", "ListenPort = 1x",
        "FwMark = off", "FwMark = 0xCA6C", "FwMark = 0XCA", "FwMark = 0x", "FwMark = 4294967295", "FwMark = 4294967296",
        "FwMark = -1", "FwMark = 0x0x1", "FwMark = 12a", $"PublicKey = {Key}", $"Publickey={Key}",
        $"PublicKey = {Key[..43]}", $"PublicKey = {Key}=", $"PublicKey = {Key[..42]}h=",
        $"PublicKey = {Key[..20]} {Key[20..]}",
        $"PublicKey = {Key[..10]}-{Key[11..]}", $"PresharedKey = {Key}", "PresharedKey = x",
        "AllowedIPs = 10.0.0.0/8", "AllowedIPs = 10.0.0.1", "AllowedIPs = 10.0.0.1/24, fd00::/8", "AllowedIPs =",
        "AllowedIPs = 10.0.0.0/8,", "AllowedIPs = ,10.0.0.0/8", "AllowedIPs = 10.0.0.0/33", "AllowedIPs = ::/0",
        "AllowedIPs = ::0/129", "AllowedIPs = 10.0.0.0/", "AllowedIPs = 10.0.0.0/8/8", "AllowedIPs = 010.0.0.1/8",
        "AllowedIPs = 10.0.0/24", "AllowedIPs = 1.2.3.4.5/8", "AllowedIPs = 256.1.1.1/8", "AllowedIPs = 10.0.0.0/+8",
        "AllowedIPs = 10.0.0.0/8 8", "AllowedIPs = ::ffff:1.2.3.4/96", "AllowedIPs = 1::2::3/64", "AllowedIPs = ::01.2.3.4",
        "AllowedIPs = fe80::1%eth0/64", "AllowedIPs = [::1]/128", "AllowedIPs = 10.0.0.0/08", "AllowedIPs = 12345::/16",
        "AllowedIPs = 1:2:3:4:5:6:7:8/128", "AllowedIPs = 1:2:3:4:5:6:7::/112", "AllowedIPs = 1:2:3:4:5:6:7:8:9/128",
        "Endpoint = 192.0.2.1:51820", "Endpoint = 192.0.2.1", "Endpoint = 192.0.2.1:", "Endpoint = :51820",
        "Endpoint = [::1]:51820", "Endpoint = ::1:51820", "Endpoint = [::1]", "Endpoint = [::1:51820", "Endpoint = [::1]:",
        "Endpoint = [192.0.2.1]:1", "Endpoint = 10.1:51820", "Endpoint = localhost:51820", "Endpoint = 1.2.3.4:70000",
        "Endpoint = 1.2.3.4:x", "Endpoint = 1.2.3.4:-1", "PersistentKeepalive = 25", "PersistentKeepalive = off",
        "PersistentKeepalive = 0L", "PersistentKeepalive = 65536", "PersistentKeepalive = -1",
        "PersistentKeepalive = +25", "PersistentKeepalive = 2 5", "PersistentKeepalive = 025", "Unknown = 1", "= 1", "=",
        "\tAllowedIPs\t=\t10.9.0.0/16\t", "AllowedIPs = 10.0.0.0/8\r", "AllowedIPs == 10.0.0.0/8", "[Peer] x",
        "[Interface]=1", "Address = 300.0.0.1/24", "\uFEFF[Interface]",
    ];

    [Fact]
    public void Every_piece_alone_is_judged_as_wg_judges_it()
    {
        SkipWithoutTools();
        var texts = new List<string>();
        foreach (var piece in Pieces)
        {
            texts.Add($"[Interface]\n{piece}\n");
            texts.Add($"[Interface]\n[Peer]\nPublicKey = {Key}\n{piece}\n");
            texts.Add($"{piece}\n");
        }

        Compare(texts);
    }

    [Fact]
    public void Random_files_are_judged_as_wg_judges_them()
    {
        SkipWithoutTools();
        var random = new Random(20261122);
        // Mostly good lines, or nearly every file would be refused for its first one.
        string[] good =
        [
            "[Peer]", $"PublicKey = {Key}", "AllowedIPs = 10.0.0.2/32", "# note", "", "PersistentKeepalive = 21",
            $"[Peer]\nPublicKey = {Key}",
        ];
        Compare([.. Enumerable.Range(0, 400).Select(_ =>
        {
            var lines = Enumerable.Range(0, random.Next(1, 9))
                .Select(_ => random.Next(6) == 0 ? Mutate(Pieces[random.Next(Pieces.Length)], random)
                    : good[random.Next(good.Length)]);
            return string.Join('\n', lines.Prepend("[Interface]")) + (random.Next(4) == 0 ? "" : "\n");
        })]);
    }

    [Fact]
    public void Files_in_the_wild_are_judged_as_wg_judges_them()
    {
        SkipWithoutTools();
        var folder = SharedFiles.Find("data/configs/wireguard");
        Assert.SkipWhen(folder is null, "the shared data is not here");
        Compare([.. Directory.GetFiles(folder!, "*.conf").Order()
            .Select(file => WgQuickFile.Decode(File.ReadAllBytes(file)))
            // Names are looked up by wg, and there is no DNS here.
            .Select(text => System.Text.RegularExpressions.Regex.Replace(
                text, @"(?<=Endpoint = )[a-z][\w.-]*", "127.0.0.1"))]);
    }

    private static void SkipWithoutTools() => Assert.SkipUnless(
        File.Exists("/usr/bin/wg-quick") && Environment.UserName == "root", "needs wg-quick and root");

    private static string Mutate(string piece, Random random)
    {
        if (piece.Length == 0 || piece.Contains('[') || random.Next(2) == 0)
            return piece;
        var at = random.Next(piece.Length);
        return random.Next(3) switch
        {
            0 => piece.Remove(at, 1),
            1 => piece.Insert(at, " =#/:.,0a"[random.Next(9)].ToString()),
            _ => piece[..at] + char.ToUpperInvariant(piece[at]) + piece[(at + 1)..],
        };
    }

    private static void Compare(IReadOnlyList<string> texts)
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < texts.Count; i++)
            folder.Write($"w{i:D4}.conf", texts[i]);

        var verdicts = Shell(Judge, folder.Path);

        verdicts.Count.ShouldBe(texts.Count);
        var different = new StringBuilder();
        for (var i = 0; i < texts.Count; i++)
        {
            var file = WgQuickParser.Parse("w.conf", texts[i]);
            file.Text.ShouldBe(texts[i]);
            if (file.IsRefused != verdicts[i].EndsWith("refused"))
                different.Append($"wg {verdicts[i]}, we {(file.IsRefused ? "refuse" : "take")}: {texts[i]}\n")
                    .Append(string.Join('\n', file.Diagnostics)).Append('\n')
                    .Append(File.ReadAllText(Path.Combine(folder.Path, $"w{i:D4}.conf.err"))).Append('\n');
        }

        different.ToString().ShouldBeEmpty();
    }

    private static IReadOnlyList<string> Shell(string script, string folder)
    {
        var start = new ProcessStartInfo("bash", ["-c", script, "judge", folder])
        {
            UseShellExecute = false, RedirectStandardOutput = true,
        };
        // Without it wg asks a missing DNS again for a minute.
        start.Environment["WG_ENDPOINT_RESOLUTION_RETRIES"] = "0";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
