// Evaluates Prometheus rules and queries by Prometheus' own parser, rule format and engine, over series that are written in
// the notation of promtool's unit tests. promtool itself would do, but carries the service discovery of every cloud, and takes
// more than eight minutes to build on two cores.
//
// JSON in, JSON out, both below.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

type input struct {
	// A rule file, YAML: `groups:`.
	Rules string `json:"rules"`
	// Expressions that are only parsed.
	Queries []string `json:"queries"`
	Tests   []test   `json:"tests"`
}

type test struct {
	Alert string `json:"alert"`
	// Series, as `name{label="value"} 0+1x10`, a sample a minute.
	Series []string `json:"series"`
	// The rule is evaluated each minute until then.
	AtMinute int `json:"atMinute"`
}

type output struct {
	// Of the rule file and the queries.
	Errors []string `json:"errors"`
	// Of each test, in its order, what fires then: labels of the expression's result and of the rule.
	Firing [][]map[string]string `json:"firing"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	p := parser.NewParser(parser.Options{})
	found := output{Errors: []string{}, Firing: [][]map[string]string{}}
	groups, errs := rulefmt.Parse([]byte(given.Rules), false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		found.Errors = append(found.Errors, err.Error())
	}
	for _, query := range given.Queries {
		if _, err := p.ParseExpr(query); err != nil {
			found.Errors = append(found.Errors, fmt.Sprintf("%s: %v", query, err))
		}
	}
	if len(found.Errors) == 0 {
		engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, Parser: p})
		for _, each := range given.Tests {
			firing, err := evaluate(engine, p, groups, each)
			if err != nil {
				return fmt.Errorf("%s: %w", each.Alert, err)
			}
			found.Firing = append(found.Firing, firing)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

// An alert fires once its expression has given the same labels for as long as `for` says, at each evaluation.
func evaluate(engine *promql.Engine, p parser.Parser, groups *rulefmt.RuleGroups, of test) ([]map[string]string, error) {
	rule, err := find(groups, of.Alert)
	if err != nil {
		return nil, err
	}
	series, err := read(p, of.Series)
	if err != nil {
		return nil, err
	}
	since := map[string]time.Time{}
	firing := []map[string]string{}
	for minute := 0; minute <= of.AtMinute; minute++ {
		now := time.Unix(int64(minute)*60, 0)
		query, err := engine.NewInstantQuery(context.Background(), series, nil, rule.Expr, now)
		if err != nil {
			return nil, err
		}
		result := query.Exec(context.Background())
		if result.Err != nil {
			return nil, result.Err
		}
		vector, err := result.Vector()
		if err != nil {
			return nil, err
		}
		active := map[string]time.Time{}
		firing = firing[:0]
		for _, sample := range vector {
			key := sample.Metric.String()
			active[key] = now
			if begun, ok := since[key]; ok {
				active[key] = begun
			}
			if now.Sub(active[key]) < time.Duration(rule.For) {
				continue
			}
			all := sample.Metric.Map()
			delete(all, labels.MetricName)
			for name, value := range rule.Labels {
				all[name] = value
			}
			firing = append(firing, all)
		}
		query.Close()
		since = active
	}
	return firing, nil
}

func find(groups *rulefmt.RuleGroups, alert string) (rulefmt.Rule, error) {
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == alert {
				return rule, nil
			}
		}
	}
	return rulefmt.Rule{}, fmt.Errorf("no such alert")
}

func read(p parser.Parser, descriptions []string) (memory, error) {
	var all memory
	for _, description := range descriptions {
		name, values, err := p.ParseSeriesDesc(description)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", description, err)
		}
		var samples []chunks.Sample
		for index, value := range values {
			if !value.Omitted {
				samples = append(samples, sample{at: int64(index) * 60_000, value: value.Value})
			}
		}
		all = append(all, storage.NewListSeries(name, samples))
	}
	slices.SortFunc(all, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return all, nil
}

// Series in memory, sorted by their labels.
type memory []storage.Series

func (m memory) Querier(_, _ int64) (storage.Querier, error) { return m, nil }

func (m memory) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	selected := &set{at: -1}
	for _, series := range m {
		if !slices.ContainsFunc(matchers, func(matcher *labels.Matcher) bool {
			return !matcher.Matches(series.Labels().Get(matcher.Name))
		}) {
			selected.series = append(selected.series, series)
		}
	}
	return selected
}

func (memory) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (memory) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (memory) Close() error { return nil }

type set struct {
	series []storage.Series
	at     int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *set) At() storage.Series                { return s.series[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
