using System.Diagnostics;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Bootstrap;

/// <summary>Package sources and installations, for apt and dnf.</summary>
internal static class Packages
{
    private const string Wait = "-o DPkg::Lock::Timeout=300";

    /// <summary>Packages of the system's own sources.</summary>
    public static string Install(OsFamily os, params string[] names) => os switch
    {
        OsFamily.Rhel => $"dnf install -y {string.Join(' ', names.Select(Shell.Quote))}",
        _ => $"export DEBIAN_FRONTEND=noninteractive\napt-get {Wait} update -q\n"
            + $"apt-get {Wait} install -y -q --no-install-recommends {string.Join(' ', names.Select(Shell.Quote))}",
    };

    /// <summary>Shell that passes when all are installed.</summary>
    public static string AreInstalled(OsFamily os, params string[] names) => os switch
    {
        OsFamily.Rhel => $"rpm -q {string.Join(' ', names)} >/dev/null",
        _ => string.Join(" && ", names.Select(name =>
            $"dpkg-query -W -f '${{Status}}' {name} 2>/dev/null | grep -q 'ok installed'")),
    };

    /// <summary>
    /// A source of its own with the key that signs it and nothing else, and packages of one version that later upgrades
    /// of the system leave alone.
    /// </summary>
    /// <param name="url">Without <c>/deb/</c> or <c>/rpm/</c>.</param>
    /// <param name="version">Exact, or a minor version whose newest is taken.</param>
    public static BootstrapStep Pinned(
        OsFamily os, string name, string why, string url, string version, params string[] packages)
    {
        var prefix = version.Split('.').Length > 2 ? $"{version}-*" : $"{version}.*";
        return os == OsFamily.Rhel
            ? Dnf(name, why, url, prefix, packages)
            : Apt(name, why, url, prefix, packages);
    }

    private static BootstrapStep Apt(string name, string why, string url, string version, string[] packages)
    {
        var key = $"/etc/apt/keyrings/{name}.asc";
        var list = $"/etc/apt/sources.list.d/{name}.list";
        var pin = $"/etc/apt/preferences.d/{name}";
        var all = string.Join(' ', packages);
        return new BootstrapStep(name, why,
            string.Join(" && ", packages.Select(package => "[[ \"$(dpkg-query -W -f '${db:Status-Abbrev} ${Version}' "
                + $"{package} 2>/dev/null)\" == ?'i  '{version} ]]")),
            [
                new HostFile(list, "0644", $"deb [signed-by={key}] {url}/deb/ /\n"),
                new HostFile(pin, "0644",
                    $"Package: {all}\nPin: version {version}\nPin-Priority: 1001\n"),
            ],
            $"""
            export DEBIAN_FRONTEND=noninteractive
            install -d -m 0755 /etc/apt/keyrings
            curl -fsSL --retry 5 --proto =https -o {key}.new {url}/deb/Release.key
            grep -q 'BEGIN PGP PUBLIC KEY BLOCK' {key}.new
            mv {key}.new {key}
            apt-get {Wait} update -q
            apt-get {Wait} install -y -q --no-install-recommends --allow-change-held-packages {all}
            apt-mark hold {all}
            """,
            $"apt-mark unhold {all}\napt-get {Wait} remove -y -q {all}\n"
            + $"rm -f {list} {pin} {key}");
    }

    // exclude= keeps a plain dnf upgrade away from them; only this step says disableexcludes.
    private static BootstrapStep Dnf(string name, string why, string url, string version, string[] packages)
    {
        var repo = $"/etc/yum.repos.d/{name}.repo";
        return new BootstrapStep(name, why,
            string.Join(" && ", packages.Select(package => $"rpm -q {package} | grep -q '^{package}-'{Pattern(version)}")),
            [
                new HostFile(repo, "0644",
                    $"[{name}]\nname={name}\nbaseurl={url}/rpm/\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\n"
                    + $"gpgkey={url}/rpm/repodata/repomd.xml.key\nexclude={string.Join(' ', packages)}\n"),
            ],
            $"dnf install -y --disableexcludes={name} "
            + string.Join(' ', packages.Select(package => $"'{package}-{version}'")),
            $"dnf remove -y {string.Join(' ', packages)}\nrm -f {repo}");
    }

    private static string Pattern(string version) => version switch
    {
        [.. var exact, '-', '*'] => $"'{Escaped(exact)}-'",
        [.. var minor, '.', '*'] => $"'{Escaped(minor)}[.]'",
        _ => throw new UnreachableException(),
    };

    private static string Escaped(string text) => text.Replace(".", "[.]", StringComparison.Ordinal);
}
