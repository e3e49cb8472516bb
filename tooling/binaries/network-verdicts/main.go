// Says which traffic network policies allow, as cyclonus reads them: the matcher that the conformance run of the VPC
// CNI's network policy agent uses. Reads one JSON document of cases, each with policies and questions, from standard
// input, and prints the verdicts in the same order.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	"github.com/sirupsen/logrus"
	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

type peer struct {
	IP              string            `json:"ip"`
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	PodLabels       map[string]string `json:"podLabels"`
}

type question struct {
	Source      peer        `json:"source"`
	Destination peer        `json:"destination"`
	Port        int         `json:"port"`
	Protocol    v1.Protocol `json:"protocol"`
}

type testCase struct {
	Policies  []*networkingv1.NetworkPolicy `json:"policies"`
	Questions []question                    `json:"questions"`
}

type verdict struct {
	Egress  bool `json:"egress"`
	Ingress bool `json:"ingress"`
}

// traffic makes what has a namespace a pod; all else is outside the cluster's pods, which policies know by address.
func (p peer) traffic() *matcher.TrafficPeer {
	if p.Namespace == "" {
		return &matcher.TrafficPeer{IP: p.IP}
	}
	return &matcher.TrafficPeer{IP: p.IP, Internal: &matcher.InternalPeer{
		Namespace: p.Namespace, NamespaceLabels: p.NamespaceLabels, PodLabels: p.PodLabels,
	}}
}

func answer(asked testCase) []verdict {
	policy := matcher.BuildNetworkPolicies(false, asked.Policies)
	verdicts := make([]verdict, 0, len(asked.Questions))
	for _, one := range asked.Questions {
		result := policy.IsTrafficAllowed(&matcher.Traffic{
			Source: one.Source.traffic(), Destination: one.Destination.traffic(),
			ResolvedPort: one.Port, Protocol: one.Protocol,
		})
		verdicts = append(verdicts, verdict{Egress: result.Egress.IsAllowed(), Ingress: result.Ingress.IsAllowed()})
	}
	return verdicts
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/mattfenwick/cyclonus" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(version())
		return
	}
	logrus.SetOutput(io.Discard)
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	verdicts := make([][]verdict, 0, len(cases))
	for _, one := range cases {
		verdicts = append(verdicts, answer(one))
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
