// The Python language host of the test suite: `pulumi preview` starts it as it starts the released one.
//
// The released host is not published as a Go module, so tests cannot build it. What it asks of a Python environment is:
// the package `toolchain` of Pulumi's Go SDK, which this program calls in the released host's order. The script that runs
// a program, `pulumi-language-python-exec`, is the SDK's too; it lies beside this program, as in a release.
//
// Not here: debugging, plug-ins written in Python, code generation, and installing dependencies.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	executor = "pulumi-language-python-exec"

	// Exit code of a program whose error the user has already been shown.
	alreadyShown = 32
)

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engineAddress string
}

func main() {
	server := &host{}
	if len(os.Args) > 1 {
		server.engineAddress = os.Args[len(os.Args)-1]
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(srv *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(srv, server)
			return nil
		},
	})
	if err != nil {
		cmdutil.Exit(err)
	}
	fmt.Printf("%d\n", handle.Port)
	if err := <-handle.Done; err != nil {
		cmdutil.Exit(err)
	}
}

// resolve returns the toolchain that the options of Pulumi.yaml choose.
func resolve(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, toolchain.PythonOptions, error) {
	options := toolchain.PythonOptions{Root: info.RootDirectory, ProgramDir: info.ProgramDirectory}
	given := info.Options.AsMap()
	if given["toolchain"] != "pip" {
		return nil, options, fmt.Errorf("the test suite's language host knows the toolchain pip, not %v", given["toolchain"])
	}
	options.Toolchain = toolchain.Pip
	options.Virtualenv, _ = given["virtualenv"].(string)
	switch given["typechecker"] {
	case nil:
	case "pyright":
		options.Typechecker = toolchain.TypeCheckerPyright
	default:
		return nil, options, fmt.Errorf("the test suite's language host knows the type checker pyright, not %v", given["typechecker"])
	}
	chain, err := toolchain.ResolveToolchain(options)
	return chain, options, err
}

// GetRequiredPackages lists the packages whose plug-ins the program needs, before it runs.
func (h *host) GetRequiredPackages(
	ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	chain, _, err := resolve(req.Info)
	if err != nil {
		return nil, err
	}
	// A virtual environment that exists is left alone; the test suite's host makes none.
	if err := chain.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	installed, err := chain.ListPackages(ctx, true)
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.GetRequiredPackagesResponse{}
	for _, one := range installed {
		name, isPackage := strings.CutPrefix(one.Name, "pulumi-")
		if isPackage && name != "policy" {
			answer.Packages = append(answer.Packages, &pulumirpc.PackageDependency{
				Name: name, Kind: "resource", Version: "v" + one.Version,
			})
		}
	}
	return answer, nil
}

// Run checks the program's types and runs it.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	chain, options, err := resolve(req.Info)
	if err != nil {
		return nil, err
	}
	if err := chain.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	if options.Typechecker == toolchain.TypeCheckerPyright {
		if err := check(ctx, chain, req.Info.ProgramDirectory); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program, err := chain.Command(ctx, append([]string{filepath.Join(filepath.Dir(self), executor)}, h.arguments(req)...)...)
	if err != nil {
		return nil, err
	}
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(append([]string{}, req.GetConfigSecretKeys()...))
	if err != nil {
		return nil, err
	}
	program.Env = append(program.Env, "PULUMI_CONFIG="+string(config), "PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys))
	if err := program.Run(); err != nil {
		if program.ProcessState != nil && program.ProcessState.ExitCode() == alreadyShown {
			return &pulumirpc.RunResponse{Bail: true}, nil
		}
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

func check(ctx context.Context, chain toolchain.Toolchain, directory string) error {
	installed, err := chain.ListPackages(ctx, true)
	if err != nil {
		return err
	}
	for _, one := range installed {
		if one.Name == "pyright" {
			checker, err := chain.Command(ctx, "-m", "pyright", directory)
			if err != nil {
				return err
			}
			checker.Dir = directory
			return run(checker)
		}
	}
	return fmt.Errorf("the typechecker option is set to pyright, but pyright is not installed")
}

func run(command *exec.Cmd) error {
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s failed: %w: %s", strings.Join(command.Args, " "), err, said.String())
	}
	return nil
}

func (h *host) arguments(req *pulumirpc.RunRequest) []string {
	var words []string
	for _, option := range [][2]string{
		{"monitor", req.GetMonitorAddress()},
		{"engine", h.engineAddress},
		{"project", req.GetProject()},
		{"root_directory", req.GetInfo().RootDirectory},
		{"stack", req.GetStack()},
		{"pwd", req.GetPwd()},
		{"dry_run", strconv.FormatBool(req.GetDryRun())},
		{"parallel", strconv.Itoa(int(req.GetParallel()))},
		{"organization", req.GetOrganization()},
	} {
		if option[1] != "" {
			words = append(words, "--"+option[0], option[1])
		}
	}
	return append(append(words, req.Info.EntryPoint), req.GetArgs()...)
}

// About is what `pulumi about` shows of the environment.
func (h *host) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	chain, _, err := resolve(req.Info)
	if err != nil {
		return nil, err
	}
	info, err := chain.About(ctx)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{
		Executable: info.PythonExecutable,
		Version:    info.PythonVersion.String(),
		Metadata:   map[string]string{"toolchain": "Pip", "toolchainVersion": info.ToolchainVersion.String()},
	}, nil
}

// GetProgramDependencies is the list of packages that `pulumi about` shows.
func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	chain, _, err := resolve(req.Info)
	if err != nil {
		return nil, err
	}
	installed, err := chain.ListPackages(ctx, req.TransitiveDependencies)
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.GetProgramDependenciesResponse{}
	for _, one := range installed {
		answer.Dependencies = append(answer.Dependencies, &pulumirpc.DependencyInfo{Name: one.Name, Version: one.Version})
	}
	return answer, nil
}

// GetPluginInfo says which release of Pulumi the toolchain package is of.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}
