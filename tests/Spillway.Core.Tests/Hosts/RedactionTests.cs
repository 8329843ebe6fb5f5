using Spillway.Core.Ports;

namespace Spillway.Core.Tests.Hosts;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "yAnz5TF")]
    [InlineData("kubeadm join 10.77.0.1:6443 --token abcdef.0123456789abcdef --v=5", "0123456789abcdef")]
    [InlineData("token: 'K10aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa::server:12ab'", "server:12ab")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ\n-----END PRIVATE KEY-----", "MC4CAQAwBQ")]
    [InlineData("-----BEGIN OpenVPN Static key V1-----\n6acef03f\n-----END OpenVPN Static key V1-----", "6acef03f")]
    [InlineData("said hunter2hunter2 aloud", "hunter2hunter2")]
    public void Secrets_are_taken_out(string text, string secret) =>
        Redaction.Of(text, "hunter2hunter2").ShouldNotContain(secret);

    [Theory]
    [InlineData("PublicKey = HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=")]
    [InlineData("E: Unable to locate package kubelet")]
    public void Other_words_stay(string text) => Redaction.Of(text, "").ShouldBe(text);
}
