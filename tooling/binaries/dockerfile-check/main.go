// What `docker build --check` does, without a builder or a registry: BuildKit's own linter over one Dockerfile, and what
// BuildKit makes of it. Prints one JSON document: instructions, warnings, the error if it cannot be built, and the
// configuration of the image.
//
// Base images are not looked up. Each counts as an empty image of the user root, so that the configuration is what the
// Dockerfile itself sets.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type instruction struct {
	Name string `json:"name"`
	Line int    `json:"line"`
}

type warning struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
	Line   int32  `json:"line"`
}

type document struct {
	Instructions []instruction         `json:"instructions"`
	Warnings     []warning             `json:"warnings"`
	Error        string                `json:"error,omitempty"`
	Config       *ocispecs.ImageConfig `json:"config,omitempty"`
}

type emptyImages struct{}

func (emptyImages) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	image, err := json.Marshal(ocispecs.Image{Platform: platform})
	return ref, digest.FromBytes(image), image, err
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(buildkitVersion())
		return
	}
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: dockerfile-check FILE [NAME=VALUE of a build argument ...]")
		os.Exit(2)
	}
	result, err := check(os.Args[1], os.Args[2:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(file string, arguments []string) (*document, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		values[name] = value
	}
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	source := llb.NewSourceMap(nil, file, "Dockerfile", content)
	source.Definition = &llb.Definition{}
	options := dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildArgs:      values,
			BuildPlatforms: []ocispecs.Platform{platform},
		},
		SourceMap:      source,
		TargetPlatform: &platform,
		MetaResolver:   emptyImages{},
	}
	result := &document{Instructions: []instruction{}, Warnings: []warning{}}
	if parsed, err := parser.Parse(bytes.NewReader(content)); err == nil {
		for _, node := range parsed.AST.Children {
			result.Instructions = append(result.Instructions, instruction{strings.ToUpper(node.Value), node.StartLine})
		}
	}
	ctx := context.Background()
	found, err := dockerfile2llb.DockerfileLint(ctx, content, options)
	if err != nil {
		return nil, err
	}
	result.add(found)
	if found.Error == nil {
		built, err := dockerfile2llb.Dockerfile2LLB(ctx, content, options)
		if err != nil {
			return nil, err
		}
		config := built.Image.Config.ImageConfig
		result.Config = &config
	}
	return result, nil
}

func (result *document) add(found *lint.LintResults) {
	for _, each := range found.Warnings {
		result.Warnings = append(result.Warnings, warning{each.RuleName, each.Detail, firstLine(each.Location)})
	}
	if found.Error != nil {
		result.Error = found.Error.Message
	}
}

func firstLine(location *pb.Location) int32 {
	if location == nil || len(location.Ranges) == 0 {
		return 0
	}
	return location.Ranges[0].Start.Line
}

func buildkitVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/moby/buildkit" {
				return module.Version
			}
		}
	}
	return "unknown"
}
