// Alerts of a file of rules, by Prometheus' own engine: what `promtool test rules` does, without the service discovery of every cloud that
// promtool is built with.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

const interval = time.Minute

// question is one line of standard input.
type question struct {
	Rules string `json:"rules"`
	// As promqltest has it: `load 1m` and a line for each series.
	Series string `json:"series"`
	// Minutes after the first sample: rules are evaluated each minute from From on, and what fires is told at each of At, which rise.
	From int   `json:"from"`
	At   []int `json:"at"`
}

type firing struct {
	Alert       string            `json:"alert"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		version()
		return
	}
	in := json.NewDecoder(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for in.More() {
		var asked question
		if err := in.Decode(&asked); err != nil {
			die(err)
		}
		alerts, err := answer(asked)
		if err != nil {
			die(err)
		}
		if err := out.Encode(alerts); err != nil {
			die(err)
		}
	}
}

// answer has what fires at each of the minutes that were asked for.
func answer(asked question) ([][]firing, error) {
	loader, err := promqltest.NewLazyLoader(asked.Series, promqltest.LazyLoaderOpts{})
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:  rules.EngineQueryFunc(loader.QueryEngine(), loader.Storage()),
		Appendable: loader.Storage(),
		Context:    context.Background(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     promslog.NewNopLogger(),
	})
	groups, faults := manager.LoadGroups(interval, labels.EmptyLabels(), "", nil, false, asked.Rules)
	if len(faults) > 0 {
		return nil, fmt.Errorf("%v", faults)
	}
	told := [][]firing{}
	for minute := asked.From; len(told) < len(asked.At); minute++ {
		if err := evaluate(loader, groups, time.Unix(0, 0).UTC().Add(time.Duration(minute)*interval)); err != nil {
			return nil, err
		}
		if minute < asked.At[len(told)] {
			continue
		}
		alerts, err := firingIn(groups)
		if err != nil {
			return nil, err
		}
		told = append(told, alerts)
	}
	return told, nil
}

func evaluate(loader *promqltest.LazyLoader, groups map[string]*rules.Group, at time.Time) (failed error) {
	loader.WithSamplesTill(at, func(err error) {
		failed = err
		for _, group := range groups {
			group.Eval(context.Background(), at)
		}
	})
	return failed
}

func firingIn(groups map[string]*rules.Group) ([]firing, error) {
	found := []firing{}
	for _, group := range groups {
		for _, rule := range group.Rules() {
			if err := rule.LastError(); err != nil {
				return nil, fmt.Errorf("%s: %w", rule.Name(), err)
			}
			alerting, ok := rule.(*rules.AlertingRule)
			if !ok {
				continue
			}
			for _, alert := range alerting.ActiveAlerts() {
				if alert.State != rules.StateFiring {
					continue
				}
				told := alert.Labels.Map()
				delete(told, model.AlertNameLabel)
				found = append(found, firing{rule.Name(), told, alert.Annotations.Map()})
			}
		}
	}
	return found, nil
}

// version says which Prometheus was built in.
func version() {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/prometheus/prometheus" {
			fmt.Println(module.Version)
		}
	}
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
