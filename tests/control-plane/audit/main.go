// Asks the code of kube-apiserver what it makes of an audit policy: whether it loads, and how it logs requests. One
// question a line of stdin, one answer a line of stdout, in JSON.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/klog/v2"
)

type question struct {
	Policy   string    `json:"policy"`
	Requests []request `json:"requests"`
}

type request struct {
	User        string   `json:"user"`
	Groups      []string `json:"groups"`
	Verb        string   `json:"verb"`
	Group       string   `json:"group"`
	Resource    string   `json:"resource"`
	Subresource string   `json:"subresource"`
	Namespace   string   `json:"namespace"`
	Name        string   `json:"name"`
}

type answer struct {
	// Why it does not load.
	Error string `json:"error,omitempty"`
	// How each request is logged.
	Levels []string `json:"levels,omitempty"`
	// Whether the stage with the bodies is left out.
	Omitted []bool `json:"omitted,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	if err := flags.Parse([]string{"-logtostderr=false", "-stderrthreshold=4"}); err != nil {
		return err
	}
	klog.SetOutput(io.Discard)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if err := answers.Encode(ask(asked)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func ask(asked question) *answer {
	loaded, err := policy.LoadPolicyFromBytes([]byte(asked.Policy))
	if err != nil {
		return &answer{Error: err.Error()}
	}
	evaluator := policy.NewPolicyRuleEvaluator(loaded)
	result := &answer{}
	for _, one := range asked.Requests {
		config := evaluator.EvaluatePolicyRule(&authorizer.AttributesRecord{
			User:            &user.DefaultInfo{Name: one.User, Groups: one.Groups},
			Verb:            one.Verb,
			APIGroup:        one.Group,
			APIVersion:      "v1",
			Resource:        one.Resource,
			Subresource:     one.Subresource,
			Namespace:       one.Namespace,
			Name:            one.Name,
			ResourceRequest: true,
		})
		result.Levels = append(result.Levels, string(config.Level))
		result.Omitted = append(result.Omitted, slices.Contains(config.OmitStages, audit.StageResponseComplete))
	}
	return result
}
